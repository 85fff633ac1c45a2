"""The queue of runs: a marker file in each waiting run's folder, so that the queue survives a restart of the page.

While a run is being started its marker has another name, so that a page that is killed then loses no run.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress

from mtl.runs import RunFolder

_MARKER, _STARTING = "queued", "starting"


def put(folder: RunFolder) -> None:
    """Add a run at the end; the time is written out, since two files of one tick of the system's clock would tie."""
    fresh, now = folder.path / f".{_MARKER}", time.time_ns()
    fresh.touch()
    os.utime(fresh, ns=(now, now))
    fresh.replace(folder.path / _MARKER)


def take(folder: RunFolder) -> bool:
    """Remove a run; False if it is not in the queue any more."""
    if not is_waiting(folder):
        return False
    try:
        (folder.path / _MARKER).unlink()
    except FileNotFoundError:
        return False
    return True


def begin(folder: RunFolder) -> bool:
    """Take a run out to start it; False if it is not in the queue any more."""
    try:
        (folder.path / _MARKER).rename(folder.path / _STARTING)
    except FileNotFoundError:
        return False
    return True


def give_back(folder: RunFolder) -> None:
    """Put a run that was not started back in its place."""
    with suppress(FileNotFoundError):
        (folder.path / _STARTING).rename(folder.path / _MARKER)


def done(folder: RunFolder) -> None:
    """Forget that a run is being started: its process is there, or there will be none."""
    with suppress(OSError):
        (folder.path / _STARTING).unlink(missing_ok=True)


def is_waiting(folder: RunFolder) -> bool:
    """Whether a run is in the queue."""
    return os.path.isfile(folder.path / _MARKER)


def is_starting(folder: RunFolder) -> bool:
    """Whether a run was taken out of the queue to be started."""
    return os.path.isfile(folder.path / _STARTING)


def queued_at(folder: RunFolder) -> int | None:
    """When a run was queued in nanoseconds, or None if it is not in the queue."""
    try:
        return (folder.path / _MARKER).stat().st_mtime_ns if is_waiting(folder) else None
    except OSError:
        return None


def in_order(folders: Iterable[RunFolder]) -> list[RunFolder]:
    """The queued runs, first in, first out."""
    waiting = [(at, folder.id, folder) for folder in folders if (at := queued_at(folder)) is not None]
    return [folder for _, _, folder in sorted(waiting, key=lambda entry: entry[:2])]
