"""The memory of this process."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from mtl.errors import DataError
from mtl.scratch import release_pages

_PRESENT = 63  # the bit of a page that is in memory, see proc_pid_pagemap(5)


class _Brought:
    """Files that the process which this one was forked from had in memory: ranges of addresses, and which pages."""

    ranges: ClassVar[list[tuple[int, NDArray[np.bool_]]]] = []


def release_memory() -> None:
    """Give memory that is not needed now to the system: pages of mapped files, and what glibc keeps of freed arrays."""
    release_pages()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def peak_memory() -> int:
    """The most bytes that this process has had in memory; 0 where the system does not say.

    What a process that was forked from another has of files, such as libraries, counts whether or not it read them
    itself. (`ru_maxrss` is no such figure on Linux: that of a program begins with the peak of whoever started it.)
    """
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:  # some systems of containers leave it out
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1]) + _untouched()
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def note_fork() -> None:
    """Say that this process has just been forked from its parent, and runs no program of its own."""
    found = []
    with suppress(OSError), Path(f"/proc/{os.getppid()}/pagemap").open("rb") as parent:
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            place, _, _, _, inode = line.split()[:5]
            if inode != "0":
                begin, end = (int(address, 16) // os.sysconf("SC_PAGE_SIZE") for address in place.split("-"))
                found.append((begin, _present(parent, begin, end - begin)))
    _Brought.ranges = found


def memory_limit() -> int | None:
    """The bytes of data that this process may have, or None where nothing limits them."""
    if sys.platform == "win32":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def need_memory(size: int, path: Path) -> None:
    """Refuse what a file says to need before it is read.

    Args:
        size: bytes that a part of the file takes in memory.
        path: the file.

    Raises:
        DataError: this process may not have so much.
    """
    limit = memory_limit()
    if limit is not None and size > limit:
        message = f"content of at most {limit / 1e6:,.0f} MB when it is unpacked was expected, was {size / 1e6:,.0f} MB"
        raise DataError(message, path=path)


def _untouched() -> int:
    """Bytes of files that came with the process and that it has not touched."""
    count = 0
    with suppress(OSError), Path("/proc/self/pagemap").open("rb") as own:
        for begin, brought in _Brought.ranges:
            touched = _present(own, begin, len(brought))
            count += int(np.count_nonzero(brought[: len(touched)] & ~touched))
    return count * os.sysconf("SC_PAGE_SIZE") if count else 0


def _present(pagemap: BinaryIO, begin: int, count: int) -> NDArray[np.bool_]:
    """Which pages are in memory, of so many from one on; fewer where the process has ended."""
    size = np.dtype(np.uint64).itemsize
    pagemap.seek(begin * size)
    entries = pagemap.read(count * size)
    found: NDArray[np.bool_] = np.frombuffer(entries[: len(entries) // size * size], np.uint64) >> _PRESENT == 1
    return found
