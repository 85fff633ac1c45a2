"""Batches by token count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.batching import by_length, pack

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
