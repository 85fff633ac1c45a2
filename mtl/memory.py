"""The memory of this process."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from mtl.errors import DataError
from mtl.scratch import release_pages

_PRESENT = 63  # the bit of a page that is in memory, see proc_pid_pagemap(5)


class _Place:
    """Where this process comes from."""

    forked_from: int | None = None


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
                return 1024 * int(line.split()[1]) + _read_by_parent()
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def note_fork() -> None:
    """Say that this process was forked from its parent, and runs no program of its own."""
    _Place.forked_from = os.getppid()


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


def _read_by_parent() -> int:
    """Bytes of files that the process which this one was forked from has in memory, and this one has not touched.

    0 when it has ended.
    """
    if os.getppid() != _Place.forked_from:
        return 0
    page, number = os.sysconf("SC_PAGE_SIZE"), np.dtype(np.uint64)
    found = 0
    maps = [Path(f"/proc/{process}/pagemap") for process in ("self", os.getppid())]
    with suppress(OSError), maps[0].open("rb") as own, maps[1].open("rb") as parent:
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            place, _, _, _, inode = line.split()[:5]
            if inode == "0":
                continue
            begin, end = (int(address, 16) // page for address in place.split("-"))
            pages = []
            for file in (own, parent):
                file.seek(begin * number.itemsize)
                pages.append(np.frombuffer(file.read((end - begin) * number.itemsize), number) >> _PRESENT)
            found += page * int(np.count_nonzero(pages[1] & ~pages[0]))
    return found
