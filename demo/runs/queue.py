"""The queue of runs: a marker file in each waiting run's folder, so that the queue survives a restart of the page."""

import os
import time
from collections.abc import Iterable

from mtl.runs import RunFolder

_MARKER = "queued"


def put(folder: RunFolder) -> None:
    """Add a run at the end; the time is written out, since two files of one tick of the system's clock would tie."""
    fresh, now = folder.path / f".{_MARKER}", time.time_ns()
    fresh.touch()
    os.utime(fresh, ns=(now, now))
    fresh.replace(folder.path / _MARKER)


def take(folder: RunFolder) -> bool:
    """Remove a run; False if another process removed it first."""
    try:
        (folder.path / _MARKER).unlink()
    except FileNotFoundError:
        return False
    return True


def is_waiting(folder: RunFolder) -> bool:
    """Whether a run is in the queue."""
    return (folder.path / _MARKER).exists()


def in_order(folders: Iterable[RunFolder]) -> list[RunFolder]:
    """The queued runs, first in, first out."""
    waiting = []
    for folder in folders:
        try:
            waiting.append(((folder.path / _MARKER).stat().st_mtime_ns, folder.id, folder))
        except OSError:
            continue
    return [folder for _, _, folder in sorted(waiting, key=lambda entry: entry[:2])]


def position(folder: RunFolder, folders: Iterable[RunFolder]) -> int | None:
    """The number of runs before this one; None if it is not queued."""
    waiting = [other.id for other in in_order(folders)]
    return waiting.index(folder.id) if folder.id in waiting else None
