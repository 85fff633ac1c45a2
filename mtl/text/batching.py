"""Batches by token count: texts of similar length together, padding counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded windows: `ids`, `mask`, `type_ids` `(B, T)`, and `first_tokens` `(B, W)`, the first token of each word.

    `rows` `(B,)` says which windows these are. A row with fewer than W words has `word_counts` `(B,)` of them; its
    further `first_tokens` are 0.
    """

    rows: Integers
    ids: Integers
    mask: Integers
    type_ids: Integers
    first_tokens: Integers
    word_counts: Integers

    @property
    def continued(self) -> NDArray[np.bool_]:
        """`(B, W)`: whether a word shares its first token with the word before it, and so cannot be told from it.

        Such a word has the tag of the word before and continues its entity.
        """
        inside = np.arange(1, self.first_tokens.shape[1]) < self.word_counts[:, None]
        shared = inside & (np.diff(self.first_tokens, axis=1) == 0)
        return np.pad(shared, ((0, 0), (1, 0)))


def pack(
    lengths: Sequence[int] | Integers,
    order: Sequence[int] | Integers,
    *,
    budget: int,
    sizes: Sequence[int] | Integers | None = None,
) -> Iterator[list[int]]:
    """Split an order of items into batches whose size times longest length stays within the budget.

    An item longer than the budget is a batch of its own. With `sizes` an item counts as so many of its length.
    """
    batch: list[int] = []
    longest = size = 0
    for item in order:
        more = 1 if sizes is None else sizes[item]
        longest = max(longest, lengths[item])
        if batch and longest * (size + more) > budget:
            yield batch
            batch, longest, size = [], lengths[item], 0
        batch.append(item)
        size += more
    if batch:
        yield batch


def by_length(lengths: Sequence[int]) -> list[int]:
    """Positions from the longest to the shortest; the largest batch comes first, so memory shows at once."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def segments(starts: Integers, counts: Integers) -> Integers:
    """The positions of N stretches of a flat array, one after the other, from their `starts` and lengths `(N,)`."""
    before = np.cumsum(counts) - counts
    positions: Integers = np.repeat(starts - before, counts) + np.arange(int(counts.sum()))
    return positions


def padded(values: NDArray[np.integer], counts: Integers, *, fill: int) -> Integers:
    """Rows `(N, L)` from their values one after the other, filled up on the right; L is at least 1."""
    inside = np.arange(max(1, int(counts.max(initial=0)))) < counts[:, None]
    result = np.full(inside.shape, fill, dtype=np.int64)
    result[inside] = values
    return result
