"""Processes by their id and start, since ids are reused: whether one still lives, and signals that reach no other."""

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_LINUX = sys.platform == "linux"
_STATE, _START = 0, 19  # fields of /proc/PID/stat after the name


@dataclass(frozen=True, slots=True)
class Process:
    """A process: `started` on Linux in ticks since the system began, which no step of the clock changes.

    Elsewhere it is what the system noted when the process began, in seconds since the epoch.
    """

    pid: int
    started: float

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, or is stopped by a signal; a zombie does not live."""
        return _start_of(self.pid) == self.started

    @property
    def age(self) -> float:
        """Seconds since it began."""
        if _LINUX:
            return time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / os.sysconf("SC_CLK_TCK")
        return time.time() - self.started

    @property
    def leads_group(self) -> bool:
        """Whether it is alone in its process group with its children."""
        try:
            return hasattr(os, "getpgid") and os.getpgid(self.pid) == self.pid
        except OSError:
            return False


def own_process() -> Process:
    """The process that runs this."""
    return process_of(os.getpid())


def process_of(pid: int) -> Process:
    """The process with this id now; one that has ended is found dead later."""
    return Process(pid, _start_of(pid) or 0.0)


def send_signal(process: Process, number: signal.Signals) -> bool:
    """Send a signal to a process, and to its group where it leads one; False if it has ended.

    A process that has got the id in the meantime gets nothing.
    """
    try:
        if process.leads_group:
            if not process.is_alive:
                return False
            os.killpg(process.pid, number)
            return True
        if not hasattr(signal, "pidfd_send_signal"):
            if process.is_alive:
                os.kill(process.pid, number)
                return True
            return False
        handle = os.pidfd_open(process.pid)  # from here on it names this process only, whatever becomes of the id
        try:
            if not process.is_alive:
                return False
            signal.pidfd_send_signal(handle, number)
            return True
        finally:
            os.close(handle)
    except ProcessLookupError:
        return False


def group_of(process: Process) -> list[int]:
    """The ids of a process and of the members of the group that it leads; none if it has ended."""
    if not process.is_alive:
        return []
    if not process.leads_group:
        return [process.pid]
    found = []
    for pid in psutil.pids():
        with suppress(OSError):
            if os.getpgid(pid) == process.pid:
                found.append(pid)
    return found


def resident_bytes(process: Process) -> int | None:
    """The memory of a process and its group in bytes, or None if it has ended."""
    total = 0
    pids = group_of(process)
    for pid in pids:
        with suppress(psutil.Error):
            total += int(psutil.Process(pid).memory_info().rss)
    return total if pids else None


def _start_of(pid: int) -> float | None:
    """When a process that lives began, or None."""
    if pid <= 0:
        return None
    if not _LINUX:
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
        except psutil.Error:
            return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[_STATE] in (b"Z", b"X") else float(fields[_START])
