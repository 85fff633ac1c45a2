"""Each visitor's share of the page: of runs at a time, of turns, and of the disk.

Nobody's run makes room for another's: a run that finds none is refused, and runs are deleted by their age only.
"""

import errno
import secrets
import shutil
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from demo.runs import queue
from demo.runs.visitors import HashedVisitor, visitor_of
from demo.settings import Settings
from mtl.errors import RunError
from mtl.folders import folder_size
from mtl.runs import RunFolder
from mtl.runs.lock import is_held, take_lock

_GONE = ".deleted-"
_NO_LOCK_THERE = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.ELOOP)
"""No process has a lock in a folder where none can be taken for these reasons."""
_RECENT = 3600.0  # seconds for which a turn counts
_MOST_PASSED = 10  # later runs that begin before a run which waits


class RecentTurns:
    """Who had a turn lately, so that those who had few go first, and whose run was passed by too many others."""

    def __init__(self) -> None:
        self._had: deque[tuple[float, HashedVisitor]] = deque()
        self._queued: list[str] = []
        self._passed: Counter[str] = Counter()

    def note(self, folder: RunFolder) -> None:
        """A run of this visitor has begun."""
        self._had.append((time.monotonic(), visitor_of(folder)))
        if folder.id in self._queued:
            self._passed.update(self._queued[: self._queued.index(folder.id)])
            self._queued.remove(folder.id)

    def in_order(self, folders: Sequence[RunFolder]) -> list[RunFolder]:
        """The queued runs in the order of their turns.

        Groups alternate, and so do the owners of a group; whoever has had as many turns as another goes by time. A run
        that `_MOST_PASSED` later ones have passed goes first, so that new visitors cannot keep it waiting for ever.
        """
        while self._had and time.monotonic() - self._had[0][0] > _RECENT:
            self._had.popleft()
        groups = Counter(visitor.group for _, visitor in self._had)
        owners = Counter(visitor.owner for _, visitor in self._had)
        waiting = [(folder, visitor_of(folder)) for folder in queue.in_order(folders)]
        self._queued = [folder.id for folder, _ in waiting]
        self._passed = Counter({run: self._passed[run] for run in self._queued})
        ordered: list[RunFolder] = []
        while waiting:
            at = min(range(len(waiting)), key=lambda i: self._place(waiting[i], groups, owners, i))
            folder, visitor = waiting.pop(at)
            ordered.append(folder)
            groups[visitor.group] += 1
            owners[visitor.owner] += 1
        return ordered

    def _place(
        self, waiting: tuple[RunFolder, HashedVisitor], groups: Counter[str], owners: Counter[str], at: int
    ) -> tuple[int, ...]:
        folder, visitor = waiting
        if self._passed[folder.id] >= _MOST_PASSED:
            return (-1, -1, at)
        return (groups[visitor.group], owners[visitor.owner], at)


def need_place(folders: Sequence[RunFolder], visitor: HashedVisitor, settings: Settings) -> None:
    """Refuse a run for which there is no place.

    Raises:
        RunError: the queue is full, or the visitor or the address has its share of runs that train or wait.
    """
    waiting = [folder for folder in folders if queue.is_waiting(folder)]
    if len(waiting) >= settings.max_waiting_runs:
        raise RunError(f"{len(waiting)} runs are already queued, which is the limit; try again later.")
    busy = [visitor_of(folder) for folder in folders if queue.is_waiting(folder) or is_held(folder.path)]
    own = sum(bool(visitor.owner) and other.owner == visitor.owner for other in busy)
    if settings.owner_runs is not None and own >= settings.owner_runs:
        raise RunError(f"You have {own} runs that train or wait, which is the limit; wait for one to end, or stop it.")
    near = sum(bool(visitor.address) and other.address == visitor.address for other in busy)
    if settings.address_runs is not None and near >= settings.address_runs:
        raise RunError(
            f"{near} runs from your network train or wait, which is the limit; try again when one has ended."
        )


def need_disk(folders: Sequence[RunFolder], visitor: HashedVisitor, settings: Settings) -> None:
    """Refuse a run while the runs on disk take all that they may.

    Raises:
        RunError: those of everybody, or of this visitor or address.
    """
    if settings.kept_runs_mb is None:
        return
    sizes = [(folder_size(folder.path) / 1e6, visitor_of(folder)) for folder in folders]
    if sum(size for size, _ in sizes) >= settings.kept_runs_mb:
        raise RunError(
            f"The runs on this page take {settings.kept_runs_mb:,.0f} MB, which is the limit; "
            f"{kept_sentence(settings)} Try again later."
        )
    own = sum(size for size, other in sizes if visitor.shares_with(other))
    if settings.visitor_runs_mb is not None and own >= settings.visitor_runs_mb:
        raise RunError(
            f"Your runs take {own:,.0f} MB, and {settings.visitor_runs_mb:,.0f} MB is the limit; delete one."
        )


def kept_sentence(settings: Settings) -> str:
    """How long runs are kept, for the page; empty where they are kept for good."""
    if settings.kept_days is None:
        return ""
    return f"Runs and uploads are deleted {settings.kept_days:g} days after their last change."


def delete_old(folders: Sequence[RunFolder], settings: Settings) -> None:
    """Delete runs that nothing has changed for as long as this page keeps them; none that waits or lives."""
    if settings.kept_days is None:
        return
    for folder in folders:
        with suppress(OSError):
            if time.time() - folder.status_file.stat().st_mtime > 86400 * settings.kept_days:
                delete(folder)


def delete(folder: RunFolder) -> bool:
    """Delete a folder; False if a process owns it or it waits for its turn.

    Raises:
        OSError: it is not known whether a process owns it, as where too many files are open.
    """
    if queue.is_waiting(folder) or queue.is_starting(folder):
        return False
    try:
        lock = take_lock(folder.path, named=False)
    except RunError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCK_THERE:
            raise
        remove(folder)
        return True
    remove(folder)
    lock.release()
    return True


def remove(folder: RunFolder) -> None:
    """Delete a folder whoever has files of it open: it is gone in one move, and so never half there."""
    gone = folder.path.with_name(f"{_GONE}{folder.id}.{secrets.token_hex(4)}")
    try:
        folder.path.rename(gone)
    except OSError:
        gone = folder.path
    shutil.rmtree(gone, ignore_errors=True)


def sweep(root: Path) -> None:
    """Delete what a page that was killed had begun to delete."""
    for place in root.glob(f"{_GONE}*"):
        shutil.rmtree(place, ignore_errors=True)
