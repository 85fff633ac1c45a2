"""What is too large to lie in memory while a process runs: in files without a name that end with the process.

Small values stay in memory. A file is made below `$MTL_HOME` by `tempfile.TemporaryFile`: it has no name, belongs to
this process alone, and is gone when the process ends, however that happens.
"""

import mmap
import os
import tempfile
import weakref
from typing import IO, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtl.errors import StorageError
from mtl.home import home

IN_MEMORY = 1 << 25
"""Bytes from which values lie in a file."""
_Number = TypeVar("_Number", bound=np.generic)
_maps: "weakref.WeakSet[mmap.mmap]" = weakref.WeakSet()


class ArrayWriter(Generic[_Number]):
    """Collects a flat array part by part, which is never in memory twice.

    Raises:
        StorageError: the disk is full.
    """

    def __init__(self, dtype: type[_Number]) -> None:
        self.size = 0
        self._dtype = np.dtype(dtype)
        self._parts: list[NDArray[_Number]] = []
        self._file: IO[bytes] | None = None

    def append(self, values: ArrayLike) -> None:
        """Add numbers at the end."""
        part = np.ascontiguousarray(values, dtype=self._dtype)
        self.size += part.size
        if self._file is not None:
            _write(self._file, part.view(np.uint8).data)
            return
        self._parts.append(part)
        if self.size * self._dtype.itemsize > IN_MEMORY:
            self._file = _file()
            for part in self._parts:
                _write(self._file, part.view(np.uint8).data)
            self._parts = []

    def finish(self) -> NDArray[_Number]:
        """All numbers, for reading; nothing can be added any more."""
        if self._file is None:
            return np.concatenate(self._parts) if self._parts else np.zeros(0, self._dtype)
        with self._file as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        tracked(mapped)
        return np.frombuffer(mapped, dtype=self._dtype)


class BlobStore:
    """Numbered strings of bytes, read one at a time; errors as `ArrayWriter`."""

    def __init__(self) -> None:
        self._size = 0
        self._in_memory: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._ends = [0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, blob: bytes) -> None:
        """Add one at the end."""
        self._size += len(blob)
        self._ends.append(self._size)
        if self._file is None:
            self._in_memory.append(blob)
            if self._size <= IN_MEMORY:
                return
            self._file, blob, self._in_memory = _file(), b"".join(self._in_memory), []
        _write(self._file, blob)

    def __getitem__(self, number: int) -> bytes:
        if self._file is None:
            return self._in_memory[number]
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin)


def tracked(mapped: object) -> None:
    """Let `release_pages` know of a file that is mapped to be read, or to be written for all."""
    if isinstance(mapped, mmap.mmap):
        _maps.add(mapped)


def release_pages() -> None:
    """Take mapped files out of this process's memory; what is read again comes from the system's cache of files."""
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in list(_maps):
            if not mapped.closed:
                mapped.madvise(mmap.MADV_DONTNEED)


def _file() -> IO[bytes]:
    folder = home() / "cache"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise StorageError(f"a folder for temporary files was expected: {error.strerror}", path=folder) from error


def _write(file: IO[bytes], values: bytes | memoryview) -> None:
    rest = memoryview(values)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        folder = home() / "cache"
        message = f"room for temporary files was expected, {len(rest):,} bytes more cannot be written: {error.strerror}"
        raise StorageError(message, path=folder) from error
