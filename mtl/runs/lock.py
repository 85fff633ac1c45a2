"""Who owns a run folder: the process that trains holds a lock on its file `lock` for its whole life.

The system frees the lock when the process ends, however that happens, so that a held lock is a process that lives. It
belongs to the opened file: a process that inherits the descriptor holds it too. Where the file system knows no locks,
the process whose id and start stand in the file owns the folder while it lives.
"""

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mtl.errors import RunError
from mtl.json_text import parse_json
from mtl.runs.processes import Process, own_process

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
INHERITED = "POLYHEAD_RUN_LOCK"
"""Names the descriptor of a lock that a process takes over from the one that started it."""
RECORDED = "recorded"
"""In the place of a descriptor where the file system knows no locks: the file names this process, or will soon."""
_UNKNOWN = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
_AGAIN = 0.001  # seconds; another process only looks


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock, and since when in seconds since the epoch: for people and for signals."""

    process: Process
    since: float


class Lock:
    """A lock that is held until `release`, or until the last process with its descriptor ends."""

    def __init__(self, file: Path, descriptor: int, *, is_real: bool) -> None:
        self.file, self.descriptor = file, descriptor
        self.is_real = is_real
        """Whether the file system knows locks, so that a child which inherits the descriptor holds it too."""
        self.is_shared = False
        """Whether children were given the descriptor, and keep the lock when this process gives it up."""

    def name_holder(self, process: Process) -> None:
        """Write down which process holds it."""
        record = json.dumps({"pid": process.pid, "started": process.started, "since": time.time()}).encode()
        os.pwrite(self.descriptor, record, 0)
        os.ftruncate(self.descriptor, len(record))

    def hand_over(self, process: Process) -> None:
        """Name a child that inherited the lock as its holder, and keep no hold of one's own."""
        with suppress(OSError):  # on a full disk the record stays as it is; the lock is what counts
            self.name_holder(process)
        self._close()

    def release(self) -> None:
        """Give the lock up; where it is shared, children that have it keep it."""
        with suppress(OSError):
            if not self.is_real:
                os.ftruncate(self.descriptor, 0)
            elif not self.is_shared:  # a process that was forked in the meantime has the descriptor too
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        self._close()

    def _close(self) -> None:
        """Once: the number may be that of another file by then."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def take_lock(folder: Path, *, named: bool = True, use: str = "the run is still going on") -> Lock:
    """Take the lock of a folder, in the name of this process.

    Args:
        folder: which exists.
        named: whether to write down who holds it, which takes room on the disk.
        use: what the process that holds it does, for the error.

    Raises:
        RunError: another process holds it.
        OSError: the folder cannot be written.
    """
    file = folder / LOCK
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            is_real = _locked(descriptor)
            if is_real is None and (found := holder(folder)) is not None:
                is_real = False if found.process.is_alive else None
            if is_real is False:
                raise RunError(_in_use(folder, use), path=folder)
            if not _is_same(file, descriptor):  # the folder was removed in the meantime
                os.close(descriptor)
                continue
            lock = Lock(file, descriptor, is_real=bool(is_real))
            if named or not is_real:
                lock.name_holder(own_process())
            return lock
        except BaseException:
            with suppress(OSError):
                os.close(descriptor)
            raise


def inherited_lock(folder: Path) -> Lock | None:
    """The lock of a folder that the process which started this one has taken for it, if it has; once."""
    text = os.environ.get(INHERITED, "")
    if text == RECORDED:
        return _recorded_lock(folder)
    if not text.isdecimal() or not _is_same(folder / LOCK, int(text)):
        return None
    del os.environ[INHERITED]
    os.set_inheritable(int(text), False)
    lock = Lock(folder / LOCK, int(text), is_real=True)
    lock.name_holder(own_process())
    return lock


def _recorded_lock(folder: Path) -> Lock | None:
    found = holder(folder)
    if found is None or found.process.pid not in (os.getpid(), os.getppid()):
        return None
    del os.environ[INHERITED]
    lock = Lock(folder / LOCK, os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)), is_real=False)
    lock.name_holder(own_process())
    return lock


@contextmanager
def holding(folder: Path) -> Iterator[Lock]:
    """Hold the lock of a folder, an inherited one if there is.

    Raises:
        RunError: another process holds it.
    """
    lock = inherited_lock(folder) or take_lock(folder)
    try:
        yield lock
    finally:
        lock.release()


def is_held(folder: Path) -> bool | None:
    """Whether a process holds the lock of a folder; None if no process ever took it."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in _UNKNOWN:
            return False
    finally:
        os.close(descriptor)
    found = holder(folder)
    return found is not None and found.process.is_alive


def holder(folder: Path) -> Holder | None:
    """The process that took the lock last, whether or not it lives; None if it is not known."""
    try:
        record = parse_json((folder / LOCK).read_bytes())
        return Holder(Process(int(record["pid"]), float(record["started"])), float(record["since"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _locked(descriptor: int) -> bool | None:
    """Lock an opened file for this process; None where the file system knows no locks.

    One who only looks has a shared lock for a moment, and is waited for.
    """
    if fcntl is None:
        return None
    while True:
        for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno in _UNKNOWN:
                    return None
                raise
            if kind == fcntl.LOCK_EX:
                return True
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            time.sleep(_AGAIN)
            break
        else:
            return False


def _is_same(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except OSError:
        return False


def _in_use(folder: Path, use: str) -> str:
    found = holder(folder)
    if found is None:
        return f"{use} in another process"
    since = time.strftime("%d %b %H:%M:%S", time.localtime(found.since))
    return f"{use} in process {found.process.pid} since {since}"
