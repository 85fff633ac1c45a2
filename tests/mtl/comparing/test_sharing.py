"""What sharing an encoder costs and gains, from the figures of a comparison."""

import pytest

from mtl.comparing import Sharing, sharing

TOPIC, NAMES = "eval/topic/accuracy", "eval/only names/f1"
FULL = {TOPIC: 0.8, NAMES: 0.7, "eval/embedding/drift": 0.1}


def test_each_task_is_beside_the_strategy_that_trains_as_it_did_alone():
    metrics = {"last_layers:2": {TOPIC: 0.85, NAMES: 0.6}, "full": FULL, "only topic": {TOPIC: 0.9}}
    (found,) = sharing(metrics)
    assert found == Sharing("topic", "accuracy", 0.9, 0.8, "full")
    assert str(found) == (
        "Sharing costs topic 10.0 points: accuracy 0.800 with the others (full), 0.900 alone. More weight for its "
        "loss, such as tasks.topic.weight: 2, may win some of it back, as it did in our study for entities beside "
        "topics."
    )


def test_another_freezing_is_not_blamed_on_sharing():
    metrics = {"heads_only": FULL, "last_layers:2": {TOPIC: 0.85, NAMES: 0.6}, "only topic": {TOPIC: 0.9}}
    (found,) = sharing(metrics)
    assert str(found) == (
        "Whether sharing helps topic cannot be said without full with the others: "
        "accuracy 0.850 with the others (last_layers:2), 0.900 alone."
    )


@pytest.mark.parametrize(
    ("alone", "says"), [(0.795, "makes little difference to"), (0.7, "helps topic 10.0 points"), (0.81, "makes little")]
)
def test_differences_of_a_point_are_not_called_better_or_worse(alone: float, says: str):
    (found,) = sharing({"full": FULL, "only topic": {TOPIC: alone}})
    assert says in str(found)


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"full": FULL},
        {"only topic": {TOPIC: 0.9}, "only other": {"eval/other/f1": 0.5}},
        {"full": FULL, "only topic": {}},
        {"backbone large": FULL, "only topic": {TOPIC: 0.9}},  # another backbone is no sharing
    ],
)
def test_without_both_sides_nothing_is_said(metrics: dict[str, dict[str, float]]):
    assert sharing(metrics) == []


def test_names_of_tasks_may_hold_spaces():
    (found,) = sharing({"full": FULL, "only only names": {NAMES: 0.5}})
    assert (found.task, found.alone, found.shared) == ("only names", 0.5, 0.7)


def test_means_over_other_seeds_are_not_compared():
    metrics = {"full": FULL, "only topic": {TOPIC: 0.9}}
    assert sharing(metrics, {"full": 2, "only topic": 3}) == []
    assert len(sharing(metrics, {"full": 3, "only topic": 3})) == 1


@pytest.mark.parametrize(("seeds", "says"), [(1, True), (3, False), (None, False)])
def test_one_run_of_each_is_said_to_tell_little(seeds: int | None, says: bool):
    counts = None if seeds is None else {"full": seeds, "only topic": seeds}
    for alone in (0.7, 0.9):
        (found,) = sharing({"full": FULL, "only topic": {TOPIC: alone}}, counts)
        assert ("with another seed it may be otherwise" in str(found)) is says
