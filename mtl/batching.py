"""Batches by token count: texts of like length together, padding counted."""

from collections.abc import Iterator, Sequence


def pack(lengths: Sequence[int], order: Sequence[int], *, budget: int) -> Iterator[list[int]]:
    """Cut an order of items into batches whose size times longest length stays within the budget.

    An item longer than the budget is a batch of its own.
    """
    batch: list[int] = []
    longest = 0
    for item in order:
        longest = max(longest, lengths[item])
        if batch and longest * (len(batch) + 1) > budget:
            yield batch
            batch, longest = [], lengths[item]
        batch.append(item)
    if batch:
        yield batch


def by_length(lengths: Sequence[int]) -> list[int]:
    """Positions from the longest to the shortest; the largest batch comes first, so memory shows at once."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])
