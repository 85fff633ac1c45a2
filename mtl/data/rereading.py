"""Rows of which all must be known before the first is used."""

from collections.abc import Callable, Iterator
from itertools import islice

from mtl.data.place import ReadLog, Row

KEPT = 50_000
"""Rows that stay in memory; what comes after them is read again."""


class RereadRows:
    """The rows of one source, to be gone through more than once, one after the other, while few of them are in memory.

    Notes and the errors of rows go to `log` once, when a row is first reached.

    Args:
        read: reads the source from its beginning.
        log: of the first time; without one every wrong row is refused.
    """

    def __init__(self, read: Callable[[ReadLog | None], Iterator[Row]], log: ReadLog | None) -> None:
        self._read = read
        self._rows = read(log)
        self._again = None if log is None else ReadLog(lambda _: None)
        self._kept: list[Row] = []
        self._reached = 0

    def __iter__(self) -> Iterator[Row]:
        position = 0
        while position < len(self._kept):
            yield self._kept[position]
            position += 1
        if position < self._reached:
            yield from islice(self._read(self._again), position, self._reached)
        for row in self._rows:
            self._reached += 1
            if len(self._kept) < KEPT:
                self._kept.append(row)
            yield row
