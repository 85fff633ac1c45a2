"""Outcomes of several seeds as one row a strategy."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.comparing import Outcome, strategy_titles, summarize


def outcome(strategy: str, seed: int, metrics: dict[str, float], seconds: float = 1.0, memory: int = 100) -> Outcome:
    return Outcome(
        strategy, seed, metrics, seconds, memory, checkpoint_bytes=500, trained_parameters=50, total_parameters=80
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=2, max_size=6))
def test_means_and_deviations_are_those_of_statistics(values: list[tuple[float, float]]):
    (row,) = summarize([outcome("full", i, {"f1": f1}, seconds) for i, (f1, seconds) in enumerate(values)])
    scores, seconds = ([pair[i] for pair in values] for i in (0, 1))
    assert row.seeds == len(values)
    assert row.metrics["f1"].mean == pytest.approx(statistics.mean(scores))
    assert row.metrics["f1"].deviation == pytest.approx(statistics.stdev(scores))
    assert row.seconds.mean == pytest.approx(statistics.mean(seconds))
    assert row.seconds.deviation == pytest.approx(statistics.stdev(seconds))


def test_one_seed_has_no_deviation():
    (row,) = summarize([outcome("full", 1, {"f1": 0.5})])
    assert (row.seeds, row.metrics["f1"].mean, row.metrics["f1"].deviation) == (1, 0.5, 0.0)


def test_strategies_come_in_the_order_in_which_they_first_came():
    found = [outcome(name, seed, {}) for seed in (1, 2) for name in ("lora", "full", "heads_only")]
    assert [(row.strategy, row.seeds) for row in summarize(found)] == [("lora", 2), ("full", 2), ("heads_only", 2)]


def test_a_metric_that_one_seed_lacks_is_left_out():
    (row,) = summarize([outcome("full", 1, {"f1": 0.5, "f1/rare": 0.1}), outcome("full", 2, {"f1": 0.7})])
    assert set(row.metrics) == {"f1"}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_not_finite_for_one_seed_spoils_no_mean(value: float):
    (row,) = summarize([outcome("full", 1, {"f1": 0.5, "drift": 0.1}), outcome("full", 2, {"f1": value, "drift": 0.3})])
    assert {name: spread.mean for name, spread in row.metrics.items()} == {"drift": pytest.approx(0.2)}


def test_memory_is_the_most_that_a_seed_took():
    (row,) = summarize([outcome("full", seed, {}, memory=memory) for seed, memory in enumerate([100, 300, 200])])
    assert row.memory_bytes == 300


def test_sizes_are_those_that_all_seeds_share():
    (row,) = summarize([outcome("full", 1, {}), outcome("full", 2, {})])
    assert (row.checkpoint_bytes, row.trained_parameters, row.total_parameters) == (500, 50, 80)


def test_nothing_gives_no_rows():
    assert summarize([]) == []


def test_a_strategy_with_fewer_seeds_is_called_so():
    assert strategy_titles({"full": 3, "lora": 2}) == {"full": "full", "lora": "lora (2 of 3 seeds)"}
    assert strategy_titles({"full": 1}) == {"full": "full"}
    assert strategy_titles({}) == {}
