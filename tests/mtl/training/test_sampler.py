"""Which batches come, in which order: a function of the seed and nothing else."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from mtl.recipe import SamplingConfig
from mtl.training.sampler import BatchIndices, EpochBatches, TaskSampler

LENGTHS = {"big": [5 + i % 13 for i in range(400)], "middle": [4 + i % 7 for i in range(60)], "small": [9] * 7}
BUDGET = 64


def sampler(seed: int = 0, *, alpha: float = 0.5, schedule: str = "random", lengths=LENGTHS) -> TaskSampler:
    config = SamplingConfig(alpha=alpha, schedule=schedule)
    return TaskSampler(lengths, sampling=config, budgets=dict.fromkeys(lengths, BUDGET), seed=seed)


def draws(count: int, seed: int = 0, **settings: object) -> list[BatchIndices]:
    return list(islice(sampler(seed, **settings), count))


def test_one_seed_gives_one_order():
    assert draws(200, seed=7) == draws(200, seed=7)


def test_another_seed_gives_another_order():
    assert draws(200, seed=7) != draws(200, seed=8)


def test_a_sampler_asked_twice_begins_anew():
    one = sampler()
    assert list(islice(one, 50)) == list(islice(one, 50))


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_a_pass_has_every_example_once(epoch: int):
    batches = EpochBatches(LENGTHS["big"], budget=BUDGET, seed=3, epoch=epoch)
    assert sorted(row for batch in batches for row in batch) == list(range(400))


@pytest.mark.parametrize("schedule", ["random", "round_robin"])
def test_a_task_shows_all_its_examples_before_it_repeats_one(schedule: str):
    rows: dict[str, list[int]] = {task: [] for task in LENGTHS}
    for draw in draws(400, schedule=schedule):
        rows[draw.name] += draw.rows
    for task, lengths in LENGTHS.items():
        whole = [rows[task][i : i + len(lengths)] for i in range(0, len(rows[task]), len(lengths))]
        assert len(whole) > 1
        assert all(sorted(part) == list(range(len(lengths))) for part in whole[:-1])


def test_each_pass_has_an_order_of_its_own():
    passes = [list(EpochBatches(LENGTHS["big"], budget=BUDGET, seed=3, epoch=epoch)) for epoch in range(3)]
    assert passes[0] != passes[1] != passes[2]


def test_two_tasks_of_equal_lengths_are_shuffled_differently():
    rows = {"a": [], "b": []}
    for draw in draws(8, schedule="round_robin", lengths={"a": [8] * 40, "b": [8] * 40}):
        rows[draw.name].append(draw.rows)
    assert rows["a"] != rows["b"]


@pytest.mark.parametrize("budget", [16, 64, 500])
@pytest.mark.parametrize("epoch", [0, 3])
def test_a_pass_is_what_its_rule_says_step_by_step(budget: int, epoch: int):
    lengths = LENGTHS["big"]
    generator = np.random.default_rng([7, epoch])
    order = generator.permutation(len(lengths)).tolist()
    size = int(32 * budget / (sum(lengths) / len(lengths)))
    batches: list[list[int]] = []
    for start in range(0, len(order), size):
        batch: list[int] = []
        for row in sorted(order[start : start + size], key=lambda i: lengths[i]):
            if batch and lengths[row] * (len(batch) + 1) > budget:
                batches.append(batch)
                batch = []
            batch.append(row)
        batches.append(batch)
    expected = [batches[i] for i in generator.permutation(len(batches))]
    found = EpochBatches(np.array(lengths, dtype=np.int32), budget=budget, seed=7, epoch=epoch)
    assert list(found) == [found[i] for i in range(len(found))] == expected
    assert found[2:5] == expected[2:5]


@pytest.mark.parametrize("seed", [0, 42])
def test_the_set_of_each_batch_is_drawn_as_numpy_draws_them_one_by_one(seed: int):
    one = sampler(seed)
    generator = np.random.default_rng([seed, 2**31])
    shares = list(one.probabilities.values())
    expected = [list(LENGTHS)[int(generator.choice(len(shares), p=shares))] for _ in range(2500)]
    assert [draw.name for draw in islice(one, 2500)] == expected
    assert one.draws(1300) == Counter(expected[:1300])


@pytest.mark.parametrize("budget", [16, 64, 500])
def test_batches_keep_the_token_budget_with_padding(budget: int):
    for batch in EpochBatches(LENGTHS["big"], budget=budget, seed=0, epoch=0):
        longest = max(LENGTHS["big"][row] for row in batch)
        assert longest * len(batch) <= budget or len(batch) == 1


def test_batches_hold_texts_of_like_length():
    batches = EpochBatches(LENGTHS["big"], budget=BUDGET, seed=0, epoch=0)
    padded = sum(max(LENGTHS["big"][row] for row in batch) * len(batch) for batch in batches)
    assert padded < 1.1 * sum(LENGTHS["big"])


def test_batches_do_not_come_from_short_to_long():
    batches = EpochBatches(LENGTHS["big"], budget=BUDGET, seed=0, epoch=0)
    longest = [max(LENGTHS["big"][row] for row in batch) for batch in batches]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_shares_of_tasks_follow_alpha(alpha: float):
    batches = {task: len(EpochBatches(lens, budget=BUDGET, seed=0, epoch=0)) for task, lens in LENGTHS.items()}
    total = sum(count**alpha for count in batches.values())
    counts = Counter(draw.name for draw in draws(3000, alpha=alpha))
    chi_square = 0.0
    for task in LENGTHS:
        expected = 3000 * batches[task] ** alpha / total
        assert sampler(alpha=alpha).probabilities[task] == pytest.approx(expected / 3000, rel=0.1)
        chi_square += (counts[task] - expected) ** 2 / expected
    assert chi_square < 20  # two degrees of freedom; the counts of batches differ a little by task seed


def test_round_robin_takes_the_tasks_in_turn():
    assert [draw.name for draw in draws(7, schedule="round_robin")] == ["big", "middle", "small"] * 2 + ["big"]


def test_an_epoch_counts_the_batches_of_every_task():
    one = sampler()
    streams: dict[str, list[list[int]]] = {task: [] for task in LENGTHS}
    for draw in draws(600):
        streams[draw.name].append(draw.rows)
    first_pass = 0
    for task, lengths in LENGTHS.items():
        seen = 0
        for rows in streams[task]:
            if seen < len(lengths):
                seen, first_pass = seen + len(rows), first_pass + 1
    assert one.batches_per_epoch == first_pass
