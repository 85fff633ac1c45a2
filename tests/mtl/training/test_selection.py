"""Which evaluation is the best, and when to give up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.errors import RecipeError
from mtl.recipe import EvaluationConfig, TaskConfig, TaskKind
from mtl.training.selection import CheckpointSelector

KINDS = {"topic": TaskKind.CLASSIFICATION, "names": TaskKind.TAGGING, "pairs": TaskKind.SIMILARITY}
TASKS = {name: TaskConfig(kind=kind) for name, kind in KINDS.items()}


def metrics(topic: float, names: float = 0.5, macro: float = 0.0) -> dict[str, float]:
    return {
        "eval/topic/accuracy": topic,
        "eval/topic/macro_f1": macro,
        "eval/names/f1": names,
        "eval/names/token_accuracy": 0.99,
    }


def chosen(best: str, *evaluations: dict[str, float]) -> int | None:
    selector = CheckpointSelector(EvaluationConfig(best=best), TASKS, TASKS)
    for step, found in enumerate(evaluations):
        selector.update(step, found)
    return selector.selection.step


@pytest.mark.parametrize(
    ("best", "step"), [("mean", 1), ("topic", 2), ("names", 0), ("topic/macro_f1", 3), ("names/f1", 0)]
)
def test_the_best_is_chosen_by_mean_or_task_or_metric(best: str, step: int):
    evaluations = [metrics(0.1, 0.9), metrics(0.6, 0.8), metrics(0.8, 0.3), metrics(0.7, 0.2, macro=0.4)]
    assert chosen(best, *evaluations) == step


def test_the_mean_is_that_of_every_tasks_main_metric():
    selector = CheckpointSelector(EvaluationConfig(), TASKS, TASKS)
    selector.update(0, metrics(0.2, 0.6) | {"eval/pairs/spearman_cosine": 0.7, "eval/pairs/pearson_cosine": 0.0})
    assert selector.selection.score == pytest.approx(0.5)


def test_a_tie_keeps_the_earlier_one():
    assert chosen("mean", metrics(0.5), metrics(0.5)) == 0


def test_without_dev_data_the_last_is_the_best():
    assert chosen("mean", {}, {}, {}) == 2


def test_patience_counts_evaluations_since_the_best():
    selector = CheckpointSelector(EvaluationConfig(patience=2), TASKS, TASKS)
    exhausted = []
    for step, score in enumerate([0.5, 0.4, 0.6, 0.6, 0.5]):
        selector.update(step, metrics(score))
        exhausted.append(selector.is_exhausted)
    assert exhausted == [False, False, False, False, True]


def test_without_patience_nothing_is_exhausted():
    selector = CheckpointSelector(EvaluationConfig(), TASKS, TASKS)
    for step in range(50):
        selector.update(step, metrics(-step))
    assert not selector.is_exhausted


@pytest.mark.parametrize("best", ["topics", "topics/accuracy", "", "/accuracy", "mean/x"])
def test_a_task_that_is_none_is_refused(best: str):
    with pytest.raises(
        RecipeError, match="evaluation.best: mean, guarded, one of the tasks topic, names, pairs, or task/metric"
    ):
        CheckpointSelector(EvaluationConfig(best=best), TASKS, TASKS)


@pytest.mark.parametrize("best", ["topic/f1_macro", "topic/", "names/accuracy"])
def test_a_metric_that_the_task_lacks_is_refused_and_not_taken_for_progress(best: str):
    with pytest.raises(RecipeError, match="evaluation.best"):
        CheckpointSelector(EvaluationConfig(best=best), TASKS, TASKS).update(0, metrics(0.9))


SCORES = st.integers(0, 20).map(lambda n: n / 20)
GUARDS = st.sampled_from([0.0, 0.049, 0.101, 0.3])


@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12), GUARDS)
def test_guarded_takes_the_best_mean_among_evaluations_in_which_no_task_fell_below_its_own_best(
    course: list[tuple[float, float]], guard: float
):
    selector = CheckpointSelector(EvaluationConfig(best="guarded", guard=guard), TASKS, TASKS)
    allowed: dict[int, float] = {}
    for step, (topic, names) in enumerate(course):
        peaks = [max(scores) for scores in zip(*course[: step + 1], strict=True)]
        fell = peaks[0] - topic > guard or peaks[1] - names > guard
        better = not fell and all((topic + names) / 2 > mean for mean in allowed.values())
        assert selector.update(step, metrics(topic, names)) == better
        if not fell:
            allowed[step] = (topic + names) / 2
    best = max(allowed, key=lambda step: allowed[step])
    assert (selector.selection.step, selector.selection.score) == (best, pytest.approx(allowed[best]))


def test_guarded_refuses_what_the_mean_would_take():
    course = [metrics(0.5, 0.8), metrics(0.95, 0.7), metrics(0.6, 0.8)]
    assert chosen("mean", *course) == 1
    assert chosen("guarded", *course) == 0  # the third lies below the topic's own best of the second


def test_a_task_may_fall_by_exactly_the_guard():
    selector = CheckpointSelector(EvaluationConfig(best="guarded", guard=0.25), TASKS, TASKS)
    assert selector.update(0, metrics(0.5, 0.75))
    assert selector.update(1, metrics(0.9, 0.5))


def test_guarded_looks_at_main_metrics_only():
    selector = CheckpointSelector(EvaluationConfig(best="guarded", guard=0.0), TASKS, TASKS)
    assert selector.update(0, metrics(0.5, macro=0.9))
    assert selector.update(1, metrics(0.6, macro=0.1))


def test_patience_runs_out_over_evaluations_that_the_guard_refuses():
    selector = CheckpointSelector(EvaluationConfig(best="guarded", guard=0.01, patience=2), TASKS, TASKS)
    for step, (topic, names) in enumerate([(0.5, 0.9), (0.9, 0.7), (0.95, 0.7)]):
        selector.update(step, metrics(topic, names))
    assert selector.is_exhausted


NOT_FINITE = st.sampled_from([math.nan, math.inf, -math.inf])
MIXED = st.one_of(SCORES, NOT_FINITE)


@pytest.mark.parametrize("best", ["mean", "guarded", "topic", "names/f1"])
@given(st.lists(st.tuples(MIXED, MIXED, st.sampled_from([0.1, math.nan])), min_size=1, max_size=12), GUARDS)
def test_what_is_not_finite_is_never_the_best_and_is_compared_with_nothing(
    best: str, evaluations: list[tuple[float, float, float]], guard: float
):
    selector = CheckpointSelector(EvaluationConfig(best=best, guard=guard), TASKS, TASKS)
    keys = {"topic": [0], "names/f1": [1]}.get(best, [0, 1])
    scores: list[float] = []
    waited = 0
    for step, (topic, names, drift) in enumerate(evaluations):
        values = [(topic, names)[key] for key in keys]
        peaks = [max(filter(math.isfinite, (e[key] for e in evaluations[: step + 1])), default=0.0) for key in keys]
        score = sum(values) / len(values)
        fell = best == "guarded" and any(peak - value > guard for peak, value in zip(peaks, values, strict=True))
        expected = all(map(math.isfinite, (*values, drift))) and not fell and all(score > other for other in scores)
        assert selector.update(step, metrics(topic, names) | {"eval/embedding/drift": drift}) == expected
        scores += [score] if expected else []
        waited = 0 if expected else waited + 1
        assert selector.selection.waited == waited
        assert selector.selection.score == (pytest.approx(scores[-1]) if scores else None)
        assert all(map(math.isfinite, selector.selection.peaks.values()))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_anything_finite_is_better_than_a_first_evaluation_that_is_not(value: float):
    selector = CheckpointSelector(EvaluationConfig(), TASKS, TASKS)
    assert [selector.update(step, metrics(topic)) for step, topic in enumerate([value, 0.0, value, 0.5])] == [
        False,
        True,
        False,
        True,
    ]


def test_evaluations_that_are_not_finite_run_patience_out():
    selector = CheckpointSelector(EvaluationConfig(patience=2), TASKS, TASKS)
    exhausted = []
    for step, topic in enumerate([0.5, math.nan, math.nan]):
        selector.update(step, metrics(topic))
        exhausted.append(selector.is_exhausted)
    assert exhausted == [False, False, True]
