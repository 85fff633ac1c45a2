"""Batches by token count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.text.batching import by_length, pack, padded, segments

LENGTHS = st.lists(st.integers(1, 50), max_size=40)


@given(LENGTHS, st.integers(1, 120))
def test_packing_keeps_every_item_once_and_in_order(lengths: list[int], budget: int):
    order = list(range(len(lengths)))
    assert [item for batch in pack(lengths, order, budget=budget) for item in batch] == order


@given(LENGTHS, st.integers(1, 120))
def test_no_batch_is_over_the_budget_with_padding_unless_one_item_is(lengths: list[int], budget: int):
    for batch in pack(lengths, range(len(lengths)), budget=budget):
        longest = max(lengths[item] for item in batch)
        assert longest * len(batch) <= budget or len(batch) == 1


@given(LENGTHS, st.integers(1, 120))
def test_a_batch_ends_only_where_the_next_item_does_not_fit(lengths: list[int], budget: int):
    batches = list(pack(lengths, range(len(lengths)), budget=budget))
    for batch, following in zip(batches, batches[1:], strict=False):
        wider = [*batch, following[0]]
        assert max(lengths[item] for item in wider) * len(wider) > budget


def test_nothing_gives_no_batch():
    assert list(pack([], [], budget=10)) == []


@pytest.mark.parametrize("lengths", [[3, 9, 1, 9, 4], []])
def test_the_longest_come_first_and_ties_keep_their_order(lengths: list[int]):
    order = by_length(lengths)
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


ROWS = st.lists(st.lists(st.integers(0, 99), max_size=5), max_size=6)


@given(ROWS)
def test_segments_are_the_positions_of_each_stretch(rows: list[list[int]]):
    flat = np.array([value for row in rows for value in row], dtype=np.int64)
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    starts = np.cumsum(counts) - counts
    chosen = np.arange(len(rows))[::-1]
    found = flat[segments(starts[chosen], counts[chosen])]
    assert found.tolist() == [value for row in reversed(rows) for value in row]


@given(ROWS)
def test_rows_are_filled_up_on_the_right(rows: list[list[int]]):
    flat = np.array([value for row in rows for value in row], dtype=np.int32)
    found = padded(flat, np.array([len(row) for row in rows], dtype=np.int64), fill=-7)
    width = max([1, *(len(row) for row in rows)])
    assert found.shape == (len(rows), width)
    assert found.tolist() == [row + [-7] * (width - len(row)) for row in rows]
