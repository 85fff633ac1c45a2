"""Ragged rows of vectors in memory-mapped files, one folder an entry.

An entry `<key>/` holds `values.npy` (all vectors one after the other) and `counts.npy` (vectors of each row). It is
written in a folder of its own and moved into place whole: a reader never meets half an entry, two writers of one key
do no harm, and a writer that was killed leaves only a folder that is swept later.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from mtl.folders import folder_size
from mtl.scratch import tracked

_VALUES, _COUNTS = "values.npy", "counts.npy"
_WRITING = ".writing"
_HEADER = 128  # bytes before the numbers of such a file

Vectors = NDArray[np.floating]
Fill = Callable[["RaggedRows"], None]


@dataclass(frozen=True)
class RaggedRows:
    """N rows; row i holds `counts[i]` vectors of size H, in `values` `(sum of counts, H)`."""

    values: Vectors
    counts: NDArray[np.int64]

    @staticmethod
    def empty(counts: NDArray[np.int64], *, size: int, dtype: type[np.floating] = np.float16) -> "RaggedRows":
        """Rows in memory, to be filled."""
        return RaggedRows(np.empty((int(counts.sum()), size), dtype=dtype), counts)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """`(N + 1,)`: where each row begins in `values`, and where the last one ends."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.counts)])

    def row(self, index: int) -> Vectors:
        """`(counts[index], H)`, a view."""
        return self.values[self.starts[index] : self.starts[index + 1]]

    def padded(self, rows: NDArray[np.int64], length: int) -> Vectors:
        """Some rows as `(N, length, H)`; a shorter row is filled up with its last vector."""
        last = np.maximum(self.counts[rows] - 1, 0)[:, None]
        found: Vectors = self.values[self.starts[rows][:, None] + np.minimum(np.arange(length), last)]
        return found


class ActivationKind(StrEnum):
    """What is kept of a window of T tokens and W words.

    `layer` `(T, H)` are the hidden states below the lowest layer that trains. `pooled` `(1 + W, K * H)` is all that
    heads read of a frozen backbone: the pooled vector, then the state of each word's first token, of K layers.
    """

    LAYER = "layer"
    POOLED = "pooled"


@dataclass(frozen=True)
class CachedActivations:
    """The activations of windows, a row for each."""

    kind: ActivationKind
    rows: RaggedRows

    def pooled(self, windows: NDArray[np.int64]) -> "CachedActivations":
        """The pooled vectors of some windows, in this order, without those of words; of the kind `pooled`."""
        assert self.kind is ActivationKind.POOLED
        return CachedActivations(
            self.kind, RaggedRows(self.rows.values[self.rows.starts[windows]], np.ones_like(windows))
        )


@dataclass(frozen=True)
class RaggedStore:
    """Entries below a folder, together at most `max_bytes`; the least recently used go first."""

    folder: Path
    max_bytes: int

    def open(self, key: str) -> RaggedRows | None:
        """The entry of a key for reading, or None."""
        place = self.folder / key
        try:
            counts = np.load(place / _COUNTS)
            values = np.load(place / _VALUES, mmap_mode="r")
            tracked(values.base)
            os.utime(place)
        except (OSError, ValueError, EOFError):
            return None
        return RaggedRows(values, counts) if len(values) == counts.sum() else None

    def write(
        self,
        key: str,
        counts: Sequence[int] | NDArray[np.int64],
        *,
        size: int,
        fill: Fill,
        dtype: type[np.floating] = np.float16,
    ) -> RaggedRows | None:
        """Make an entry: `fill` writes the rows of a writable view in any order.

        Returns:
            The entry for reading, or None where it is larger than the store may be or cannot be written.
        """
        counts = np.asarray(counts, dtype=np.int64)
        shape = (int(counts.sum()), size)
        needed = shape[0] * size * np.dtype(dtype).itemsize + counts.nbytes + 2 * _HEADER
        if needed > self.max_bytes or not shape[0]:
            return None
        place = self.folder / f"{key}.{secrets.token_hex(4)}.{os.getpid()}{_WRITING}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(needed)
            place.mkdir()
            values = np.lib.format.open_memmap(place / _VALUES, mode="w+", dtype=dtype, shape=shape)
            tracked(values.base)
            _reserve(place / _VALUES)
            fill(RaggedRows(values, counts))
            values.flush()
            np.save(place / _COUNTS, counts)
            if self.open(key) is None:  # what stands there, if anything, is damaged
                shutil.rmtree(self.folder / key, ignore_errors=True)
            place.rename(self.folder / key)
        except OSError:
            # The disk is full, or another run finished the same entry first; in either case read what is there.
            shutil.rmtree(place, ignore_errors=True)
        except BaseException:  # stopped, or the values are not as they should be
            shutil.rmtree(place, ignore_errors=True)
            raise
        return self.open(key)

    def has_room(self, needed: int) -> bool:
        """Whether an entry of so many bytes may be made, and the disk has them."""
        place = next((folder for folder in (self.folder, *self.folder.parents) if folder.exists()), None)
        return needed <= self.max_bytes and (place is None or needed <= shutil.disk_usage(place).free)

    def _make_room(self, needed: int) -> None:
        for place in self.folder.glob(f"*{_WRITING}"):
            writer = int(place.name.split(".")[-2])
            if not psutil.pid_exists(writer):
                shutil.rmtree(place, ignore_errors=True)
        entries = [place for place in self.folder.iterdir() if place.is_dir() and not place.name.endswith(_WRITING)]
        drop_least_used(entries, most_bytes=self.max_bytes - needed)


def drop_least_used(folders: Iterable[Path], *, most_bytes: int) -> None:
    """Remove folders, the least recently used first, until the others together take at most so many bytes."""
    ordered = sorted(folders, key=_last_used)
    total = sum(map(folder_size, ordered))
    for folder in ordered:
        if total <= most_bytes:
            return
        total -= folder_size(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _reserve(file: Path) -> None:
    """Take the file's blocks now: where the disk is full, a mapped write would end the process instead of failing."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)


def _last_used(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return time.time()
