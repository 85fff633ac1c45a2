"""Examples that belong together are in one batch, within the budget of tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.recipe import SamplingConfig
from mtl.training.grouping import batch_units, packed_groups
from mtl.training.sampler import EpochBatches, TaskSampler

EXAMPLES = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 6)), max_size=30)


def cost(lengths: np.ndarray, batch: list[int]) -> int:
    return len(batch) * max(lengths[row] for row in batch)


@given(EXAMPLES, st.integers(1, 120), st.integers(0, 3))
def test_a_batch_has_a_whole_group_unless_there_is_no_room_for_it(rows: list[tuple[int, int]], budget: int, epoch: int):
    lengths, groups = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(2))
    units = batch_units(lengths, groups, budget=budget)
    epochs = list(EpochBatches(units, budget=budget, seed=1, epoch=epoch))
    micro = list(packed_groups(lengths.tolist(), groups, budget=budget))
    for batches in (epochs, micro):
        assert sorted(row for batch in batches for row in batch) == list(range(len(rows)))
        assert all(cost(lengths, batch) <= budget or len(batch) == 1 for batch in batches)
        for group in set(groups.tolist()):
            members = set(np.flatnonzero(groups == group).tolist())
            fits = cost(lengths, list(members)) <= budget
            assert not fits or sum(bool(members & set(batch)) for batch in batches) == 1
    assert epochs == list(EpochBatches(units, budget=budget, seed=1, epoch=epoch))


@pytest.mark.parametrize("budget", [16, 64, 500])
def test_groups_of_one_are_batched_as_examples_without_groups(budget: int):
    lengths = np.array([5 + i % 13 for i in range(400)])
    units = batch_units(lengths, np.arange(400), budget=budget)
    expected = list(EpochBatches(lengths, budget=budget, seed=7, epoch=1))
    assert list(EpochBatches(units, budget=budget, seed=7, epoch=1)) == expected
    groups = np.arange(400)
    assert list(packed_groups(lengths.tolist(), groups, budget=budget)) == list(
        packed_groups(lengths.tolist(), None, budget=budget)
    )


def test_a_sampler_groups_the_sets_that_have_groups():
    lengths = {"pairs": [8] * 40, "texts": [8] * 40}
    groups = np.arange(40) % 10
    sampling = SamplingConfig(schedule="round_robin")
    budgets = dict.fromkeys(lengths, 64)
    sampler = TaskSampler(lengths, sampling=sampling, budgets=budgets, seed=0, groups={"pairs": groups})
    assert all(len(set(groups[batch])) * 4 == len(batch) for batch in sampler.batches("pairs"))
    assert any(len(set(groups[batch])) * 4 != len(batch) for batch in sampler.batches("texts"))
    assert sampler.batches_per_epoch == 10
