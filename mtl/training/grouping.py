"""Examples that belong in one batch, such as a sentence's partner and its hard negatives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.text.batching import Integers, pack, segments

Lengths = Sequence[int] | NDArray[np.integer]


@dataclass(frozen=True)
class BatchUnits:
    """U units of examples: a batch has all examples of a unit or none.

    Unit u are the examples `rows[starts[u] : starts[u + 1]]`, of which the longest has `lengths[u]` tokens.
    """

    rows: Integers
    starts: Integers
    lengths: Integers

    @property
    def sizes(self) -> Integers:
        """`(U,)`: examples of each unit."""
        return np.diff(self.starts)

    def rows_of(self, units: Integers) -> list[int]:
        """The examples of some units, one unit after the other."""
        rows: list[int] = self.rows[segments(self.starts[units], self.sizes[units])].tolist()
        return rows


def batch_units(lengths: Lengths, groups: Integers, *, budget: int) -> BatchUnits:
    """A unit for each group, or several for one that is too large for a batch; groups are in order of their number.

    Args:
        lengths: tokens of every example `(E,)`.
        groups: the number of the group of every example `(E,)`.
        budget: tokens of a batch.
    """
    tokens: Integers = np.asarray(lengths, dtype=np.int64)
    rows = np.argsort(groups, kind="stable")
    begins = np.flatnonzero(np.diff(groups[rows], prepend=-1))
    sizes = np.diff(begins, append=len(rows))
    longest = np.maximum.reduceat(tokens[rows], begins) if len(rows) else tokens
    cuts = [begins]
    for group in np.flatnonzero((longest * sizes > budget) & (sizes > 1)).tolist():
        own = tokens[rows[begins[group] : begins[group] + sizes[group]]].tolist()
        counts = [len(part) for part in pack(own, range(len(own)), budget=budget)]
        cuts.append(begins[group] + np.cumsum(counts)[:-1])
    starts = np.sort(np.concatenate(cuts))
    found = np.maximum.reduceat(tokens[rows], starts) if len(rows) else tokens
    return BatchUnits(rows, np.append(starts, len(rows)), found)


def packed_groups(lengths: Sequence[int], groups: Integers | None, *, budget: int) -> Iterator[list[int]]:
    """Positions of examples in batches within a budget of tokens, in order, those of a group together.

    Args:
        lengths: tokens of every example `(E,)`.
        groups: the number of the group of every example `(E,)`; None where each stands for itself.
        budget: tokens of a batch.
    """
    if groups is None:
        yield from pack(lengths, range(len(lengths)), budget=budget)
        return
    units = batch_units(lengths, groups, budget=budget)
    sizes = units.sizes.tolist()
    for batch in pack(units.lengths.tolist(), range(len(sizes)), budget=budget, sizes=sizes):
        yield units.rows_of(np.array(batch, dtype=np.int64))
