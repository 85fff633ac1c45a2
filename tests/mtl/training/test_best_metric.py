"""A run is chosen by a metric that its dev data give in every evaluation, or it does not begin."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mtl
from mtl.errors import RecipeError
from mtl.planning import plan
from mtl.recipe import EvaluationConfig, Recipe, TaskConfig, TaskKind, parse
from mtl.runs import Evaluated, Saved, Started
from mtl.training.selection import CheckpointSelector, Selection
from tests.mtl.recipes import DEFAULTS, quick_recipe, write_easy_labels
from tests.mtl.training.seen import events_of

TASKS = {"topic": TaskConfig(kind=TaskKind.CLASSIFICATION), "names": TaskConfig(kind=TaskKind.TAGGING)}
VALUES = st.one_of(st.none(), st.integers(0, 20).map(lambda n: n / 20))


@given(st.lists(VALUES, min_size=1, max_size=12))
def test_an_evaluation_without_the_metric_is_never_the_best(course: list[float | None]):
    selector = CheckpointSelector(EvaluationConfig(best="topic/f1/rare"), TASKS, TASKS)
    scores: list[float] = []
    waited = 0
    for step, value in enumerate(course):
        found = {} if value is None else {"eval/topic/f1/rare": value}
        expected = value is not None and all(value > other for other in scores)
        assert selector.update(step, found | {"eval/topic/accuracy": 1.0}) == expected
        scores += [] if value is None else [value]
        waited = 0 if expected else waited + 1
        assert selector.selection.score == max(scores, default=None)
        assert selector.selection.waited == waited


@pytest.mark.parametrize("best", ["mean", "guarded"])
def test_a_mean_that_lacks_a_task_is_not_compared_with_one_that_has_it(best: str):
    selector = CheckpointSelector(EvaluationConfig(best=best), TASKS, TASKS)
    assert selector.update(1, {"eval/topic/accuracy": 0.6, "eval/names/f1": 0.2})
    assert not selector.update(2, {"eval/topic/accuracy": 0.6})
    assert selector.update(3, {"eval/topic/accuracy": 0.6, "eval/names/f1": 0.3})


def test_a_task_without_dev_data_is_left_out_of_the_mean():
    selector = CheckpointSelector(EvaluationConfig(), TASKS, ["topic"])
    assert selector.update(1, {"eval/topic/accuracy": 0.6})
    assert not selector.update(2, {"eval/topic/accuracy": 0.5})


@pytest.mark.parametrize("best", ["topic", "topic/macro_f1", "topic/f1/rare"])
def test_the_last_evaluation_is_the_best_where_the_task_that_chooses_has_no_dev_data(best: str):
    selector = CheckpointSelector(EvaluationConfig(best=best), TASKS, ["names"])
    assert [selector.update(step, {"eval/names/f1": 0.1}) for step in range(3)] == [True] * 3
    assert selector.selection.step == 2


@pytest.mark.parametrize(
    ("kept", "goes_on"),
    [
        (Selection(0.5, 4, {"eval/topic/accuracy": 0.5}), True),
        (Selection(0.5, 4, {"eval/topic/macro_f1": 0.5}), False),
        (Selection(4.0, 4), True),
        (Selection(0.5, 4, {"eval/topic/accuracy": 0.5}, keys=("eval/names/f1", "eval/topic/accuracy")), True),
        (Selection(0.5, 4, {"eval/topic/accuracy": 0.5}, keys=("eval/topic/accuracy",)), False),
    ],
    ids=["former", "former, other metric", "former, no dev data", "same", "fewer"],
)
def test_what_was_chosen_before_holds_for_the_same_metrics(kept: Selection, goes_on: bool):
    """States of former versions do not name the metrics."""
    selector = CheckpointSelector(EvaluationConfig(), TASKS, TASKS)
    assert selector.go_on_from(kept) == goes_on
    assert selector.selection.score == (kept.score if goes_on else None)


def recipe_by(best: str, backbone: Path, folder: Path, **sections: object) -> Recipe:
    evaluation = {"every": 2, "best": best}
    return quick_recipe(backbone, folder, evaluation=evaluation, **sections)


def without_dev(recipe: Recipe) -> Recipe:
    tasks = {name: task.model_copy(update={"dev": ()}) for name, task in recipe.tasks.items()}
    return recipe.model_copy(update={"tasks": tasks})


WRONG = {
    "topic/f1/sports": "a label in the dev data of topic was expected (money, sport, trip), was 'sports'",
    "topic/f1/Sport": "a label in the dev data of topic was expected (money, sport, trip), was 'Sport'",
    "names/recall/B-PER": "a label in the dev data of names was expected (LOC, PER), was 'B-PER'",
}


@pytest.mark.parametrize("best", WRONG)
def test_a_label_that_nothing_has_is_refused_before_the_first_evaluation(tiny_bert: Path, tmp_path: Path, best: str):
    recipe = recipe_by(best, tiny_bert, tmp_path)
    for call in (lambda: next(mtl.train(recipe)), lambda: plan(recipe)):
        with pytest.raises(RecipeError) as error:
            call()
        assert str(error.value) == f"evaluation.best: {WRONG[best]}"
    of_head = WRONG[best].replace("in the dev data of", "of")
    with pytest.raises(RecipeError) as error:
        next(mtl.train(without_dev(recipe)))
    assert str(error.value) == f"evaluation.best: {of_head}"


def test_a_plan_refuses_a_measure_that_is_none(tiny_bert: Path, tmp_path: Path):
    with pytest.raises(RecipeError, match="^evaluation.best: mean, guarded, one of the tasks topic, names, pairs"):
        plan(recipe_by("topics", tiny_bert, tmp_path))


def test_a_label_that_train_alone_has_is_refused(tiny_bert: Path, tmp_path: Path):
    """It would come and go with what the model predicts, and never be more than 0."""
    recipe = recipe_by("topic/f1/trip", tiny_bert, tmp_path)
    dev = Path(recipe.tasks["topic"].dev[0])
    dev.write_text(dev.read_text().replace(",trip", ",sport"))
    with pytest.raises(RecipeError, match="a label in the dev data of topic was expected .*, was 'trip'$"):
        next(mtl.train(recipe))
    assert isinstance(next(mtl.train(without_dev(recipe))), Started)


def test_a_label_that_the_checkpoint_alone_has_may_be_named_without_dev_data(tiny_bert: Path, tmp_path: Path):
    list(mtl.train(quick_recipe(tiny_bert, tmp_path, ("topic",)), folder=tmp_path / "first"))
    recipe = recipe_by("topic/f1/trip", tmp_path / "first" / "last", tmp_path)
    train = Path(recipe.tasks["topic"].train[0])
    train.write_text(train.read_text().replace(",trip", ",sport"))
    assert isinstance(next(mtl.train(without_dev(recipe))), Started)


@pytest.mark.parametrize(
    ("best", "scores"), [("pairs", "0"), ("pairs/accuracy@1", "0"), ("pairs/average_precision", "1")]
)
def test_a_metric_that_the_pairs_do_not_give_is_refused(tiny_bert: Path, tmp_path: Path, best: str, scores: str):
    contrastive = {"head": {"loss": "multiple_negatives"}}
    recipe = recipe_by(best, tiny_bert, tmp_path, tasks_pairs=contrastive)
    dev = Path(recipe.tasks["pairs"].dev[0])
    dev.write_text(dev.read_text().replace(",0\n", f",{scores}\n").replace(",1\n", f",{scores}\n"))
    metric = best.partition("/")[2] or "mrr"
    with pytest.raises(RecipeError, match=f"^evaluation.best: dev data of pairs that give {metric} were expected$"):
        next(mtl.train(recipe))
    by_mean = recipe.model_copy(update={"evaluation": EvaluationConfig(every=2)})
    assert any(isinstance(event, Saved) and event.name == "best" for event in mtl.train(by_mean, folder=tmp_path / "r"))


@pytest.mark.parametrize("best", ["topic/f1/sport", "names/precision/PER", "pairs/pearson_cosine"])
def test_a_label_of_the_dev_data_chooses(tiny_bert: Path, tmp_path: Path, best: str):
    events = events_of(recipe_by(best, tiny_bert, tmp_path), tmp_path / "run")
    values = [event.metrics[f"eval/{best}"] for event in events if isinstance(event, Evaluated)]
    chosen = [event.score for event in events if isinstance(event, Saved) and event.name == "best"]
    assert chosen[-1] == max(values)
    assert all(map(math.isfinite, values))


def test_a_label_of_sets_chooses(tiny_bert: Path, tmp_path: Path):
    content = {"backbone": str(tiny_bert), "tasks": {"about": write_easy_labels(tmp_path)}, **DEFAULTS}
    recipe = parse(content | {"evaluation": {"every": 2, "best": "about/f1/art"}}, folder=tmp_path)
    events = events_of(recipe, tmp_path / "run")
    values = [event.metrics["eval/about/f1/art"] for event in events if isinstance(event, Evaluated)]
    assert [e.score for e in events if isinstance(e, Saved) and e.name == "best"][-1] == max(values)
