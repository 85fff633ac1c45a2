"""Ends runs that were asked to stop: the stop file, then SIGTERM and at last SIGKILL to the group of the process."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.runs.run_store import is_comparison, members
from mtl.runs import RunFolder
from mtl.runs.lock import holder
from mtl.runs.processes import Process, send_signal


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a run has: from the request to stop to SIGTERM, and from there to SIGKILL."""

    to_stop: float = 60.0
    to_end: float = 15.0


@dataclass(slots=True)
class _Asked:
    since: float
    terminated: float | None = None


class Stopping:
    """Looks at runs again and again, and goes one step further with those that do not stop."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._asked: dict[Path, _Asked] = {}

    def look(self, live: list[RunFolder]) -> None:
        """Send the signals that are due."""
        stopping = {folder.path: folder for folder in live if folder.stop_requested()}
        self._asked = {path: asked for path, asked in self._asked.items() if path in stopping}
        for path, folder in stopping.items():
            self._press(folder, self._asked.setdefault(path, _Asked(time.monotonic())))

    def end_now(self, folder: RunFolder) -> None:
        """Do not wait for the run to stop by itself; it still has the time from SIGTERM to SIGKILL."""
        now = time.monotonic()
        asked = self._asked.setdefault(folder.path, _Asked(now))
        if asked.terminated is None:
            _terminate(folder)
            asked.terminated = now

    def _press(self, folder: RunFolder, asked: _Asked) -> None:
        now = time.monotonic()
        if asked.terminated is None:
            if now - asked.since >= self._patience.to_stop:
                _terminate(folder)
                asked.terminated = now
        elif now - asked.terminated >= self._patience.to_end:
            for process in processes_of(folder):
                send_signal(process, signal.SIGKILL)


def request_stop(folder: RunFolder, reason: str = "") -> None:
    """Ask a run, or a comparison and those of its runs that go on, to stop."""
    folder.request_stop(reason)
    if not is_comparison(folder):
        return
    trains = False
    for member in members(folder):
        if member.is_held():
            member.request_stop(reason)
            trains = True
    if not trains:  # it reads its data, or is between two runs: nothing is lost
        _terminate(folder)


def processes_of(folder: RunFolder) -> Iterator[Process]:
    """The living processes that own a run: of a comparison its own, and that of a run which may have outlived it.

    This process is none: it holds the lock of a run only for the moment in which it starts it. One that ended at once
    may be named while the lock is still held, and nothing can be said of its age.
    """
    for part in (folder, *(members(folder) if is_comparison(folder) else ())):
        found = holder(part.path)
        if found is None or found.process.pid == os.getpid() or not found.process.is_alive:
            continue
        if part.is_held():
            yield found.process


def _terminate(folder: RunFolder) -> None:
    for process in processes_of(folder):
        send_signal(process, signal.SIGTERM)
        send_signal(process, signal.SIGCONT)  # one that was halted takes no notice otherwise
