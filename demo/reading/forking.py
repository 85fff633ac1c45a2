"""The fork server as the page sees it: started when it is first needed, and again when it has ended."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Lock

from demo.reading.wire import STATUS

_PROJECT = Path(__file__).resolve().parents[2]
_ALONE = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve more than they use, which counts as memory
    "ARROW_IO_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""One thread: a process that forks has no others, and every stack counts as memory."""
_PATIENCE = 60.0  # seconds for the server to import its readers and fork


@dataclass(frozen=True)
class Child:
    """A forked child: the connection for its job and answer, and that for its process id and status."""

    job: socket.socket
    fate: socket.socket
    pid: int

    @property
    def has_ended(self) -> bool:
        """Whether its status has come."""
        return bool(select([self.fate], [], [], 0)[0])

    def status(self) -> int | None:
        """Its exit status, below 0 for a signal; None where the server ended first."""
        return _number(self.fate)


class CannotFork(Exception):
    """There is no child: the server that forks them ended, or does not answer."""


class ForkServer:
    """Starts `demo.reading.server` and asks it for children; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def fork(self) -> Iterator[Child]:
        """A child, which is ended when the caller fails."""
        job, its_job = socket.socketpair()
        fate, its_fate = socket.socketpair()
        with job, fate:
            fate.settimeout(_PATIENCE)
            with its_job, its_fate:
                self._send(its_job, its_fate)
            pid = _number(fate)
            if pid is None:
                self._forget()
                raise CannotFork("the process that children are forked from does not answer")
            child = Child(job, fate, pid)
            try:
                yield child
            except BaseException:
                if not child.has_ended:  # its number may be another process's by now
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                raise

    def _send(self, *connections: socket.socket) -> None:
        descriptors = [one.fileno() for one in connections]
        with self._lock:
            if self._control is not None and self._process is not None and self._process.poll() is None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    socket.send_fds(self._control, [b"1"], descriptors)
                    return
            socket.send_fds(self._start(), [b"1"], descriptors)

    def _forget(self) -> None:
        """End a server that does not answer; the next child has a fresh one."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def _start(self) -> socket.socket:
        if self._control is not None:
            self._control.close()
        self._control, its = socket.socketpair()
        paths = dict.fromkeys([str(_PROJECT), *filter(None, sys.path)])
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo.reading.server", str(its.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd=_PROJECT,
                env=os.environ | _ALONE | {"PYTHONPATH": os.pathsep.join(paths)},
            )
        return self._control


def _number(connection: socket.socket) -> int | None:
    try:
        message = connection.recv(STATUS.size)
    except OSError:
        return None
    return int(STATUS.unpack(message)[0]) if len(message) == STATUS.size else None
