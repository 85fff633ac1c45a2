"""A resumed run compares an evaluation only with those of the same dev data and the same metrics."""

from pathlib import Path

import pytest

import mtl
from mtl import Engine
from mtl.checkpoint import read_config
from mtl.data import read_files
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Finished, Noticed, RunFolder, Saved, Step, StopReason
from mtl.training import run_in_folder
from mtl.training.resume import load_state
from mtl.training.run import resume_in_folder
from mtl.training.session import STATE
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import last
from tests.tiers import pairs
from tests.tiny import EXACT

EVERY, STEPS = 4, 10
EVALUATIONS = [0, EVERY, 2 * EVERY, STEPS]
AT = {"between evaluations": EVERY + 1, "at an evaluation": 2 * EVERY, "after the last step": STEPS}
DEV: dict[str, tuple[str, str, str]] = {
    "topic": ("topic-dev.csv", ",money", ",trip"),
    "names": ("names-dev.conll", "B-PER", "B-LOC"),
    "pairs": ("pairs-dev.csv", ",0", ",0.8"),
}


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    budget = {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64}
    return quick_recipe(tiny_bert, tmp_path, budget=budget, evaluation={"every": EVERY})


def stopped_at(recipe: Recipe, folder: Path, step: int) -> None:
    seen: list[Event] = []
    for event in mtl.train(recipe, folder=folder, should_stop=lambda: bool(seen) and seen[-1].step == step):
        seen.append(event)
    assert last(seen).step == step


def resumed(recipe: Recipe, folder: Path) -> list[Event]:
    return list(mtl.train(recipe, folder=folder, resume=True))


def spoil(folder: Path, task: str) -> None:
    """Give other answers to the examples of a dev file."""
    file, old, new = DEV[task]
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def with_dev(recipe: Recipe, task: str, *files: str) -> Recipe:
    other = recipe.tasks[task].model_copy(update={"dev": files})
    return recipe.model_copy(update={"tasks": {**recipe.tasks, task: other}})


def evaluations(events: list[Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, Evaluated)]


def need_true_figures(checkpoint: Path, recipe: Recipe) -> None:
    """The figures in a checkpoint are those of its weights on the dev files, and of no other task."""
    engine, stored = Engine.load(checkpoint, **EXACT), read_config(checkpoint).metrics
    for name, task in recipe.tasks.items():
        own = {key.removeprefix(f"eval/{name}/"): value for key, value in stored.items() if f"eval/{name}/" in key}
        expected = engine.evaluate(name, read_files(task, task.dev)) if task.dev else {}
        assert own == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("task", "step"), pairs(list(DEV), list(AT.values()), every=3))
def test_other_dev_data_choose_the_best_anew(recipe: Recipe, tmp_path: Path, task: str, step: int):
    stopped_at(recipe, tmp_path / "run", step)
    spoil(tmp_path, task)
    events = resumed(recipe, tmp_path / "run")
    assert evaluations(events) == sorted({step, *(due for due in EVALUATIONS if due > step)})
    assert [(e.step, e.name) for e in events if isinstance(e, Saved)][0] == (step, "best")
    assert [e.message for e in events if isinstance(e, Noticed)][0].endswith("and the best checkpoint is chosen anew")
    for name in ("best", "last"):
        need_true_figures(tmp_path / "run" / name, recipe)


WAYS: dict[str, dict[str, object]] = {
    "gradual": {"freezing": {"preset": "gradual"}},
    "lora": {"freezing": {"preset": "lora", "rank": 2}},
    "lbfgs": {"freezing": {"preset": "heads_only"}, "solver": "lbfgs"},
    "half precision": {"checkpoint": {"dtype": "float16"}},
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_so_in_every_way_to_train(tiny_bert: Path, tmp_path: Path, way: str):
    budget = {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64}
    recipe = quick_recipe(tiny_bert, tmp_path, budget=budget, evaluation={"every": EVERY}, **WAYS[way])
    stopped_at(recipe, tmp_path / "run", EVERY + 1)
    spoil(tmp_path, "names")
    assert evaluations(resumed(recipe, tmp_path / "run"))[0] == EVERY + 1
    for name in ("best", "last"):
        need_true_figures(tmp_path / "run" / name, recipe)


@pytest.mark.parametrize("before", [True, False], ids=["removed", "added"])
@pytest.mark.parametrize("step", AT.values(), ids=AT)
def test_a_dev_file_that_comes_or_goes_chooses_the_best_anew(recipe: Recipe, tmp_path: Path, before: bool, step: int):
    without = with_dev(recipe, "topic")
    first, then = (recipe, without) if before else (without, recipe)
    stopped_at(first, tmp_path / "run", step)
    events = resumed(then, tmp_path / "run")
    assert [(e.step, e.name) for e in events if isinstance(e, Saved)][0] == (step, "best")
    for name in ("best", "last"):
        need_true_figures(tmp_path / "run" / name, then)


def test_an_untrained_model_that_was_perfect_on_other_data_does_not_stay_the_best(tiny_bert: Path, tmp_path: Path):
    """The dev file is what the model of step 0 answers, so no figure of that file can be better."""
    budget = {"epochs": 1000, "max_steps": 40, "batch_tokens": 64}
    evaluation = {"every": EVERY, "patience": 9}
    recipe = quick_recipe(tiny_bert, tmp_path, ("topic",), budget=budget, evaluation=evaluation)
    truth = Path(recipe.tasks["topic"].dev[0])
    stopped_at(recipe, tmp_path / "first", 1)
    texts = [line.rpartition(",")[0] for line in truth.read_text().splitlines()[1:]]
    found = Engine.load(tmp_path / "first" / "best", **EXACT).classify(texts)
    easy = tmp_path / "easy.csv"
    rows = [f"{text},{max(one['topic'], key=one['topic'].__getitem__)}" for text, one in zip(texts, found, strict=True)]
    easy.write_text("\n".join(["text,label", *rows]) + "\n")
    stopped_at(with_dev(recipe, "topic", str(easy)), tmp_path / "run", EVERY + 1)
    assert load_state(tmp_path / "run" / STATE).progress.selection.score == 1
    resumed(recipe, tmp_path / "run")
    assert read_config(tmp_path / "run" / "best").step > EVERY
    need_true_figures(tmp_path / "run" / "best", recipe)


def test_patience_counts_from_the_change(tiny_bert: Path, tmp_path: Path):
    slow = {"optimizer": {"backbone_lr": 1e-12, "head_lr": 1e-12}, "evaluation": {"every": 4, "patience": 2}}
    budget = {"epochs": 1000, "max_steps": 20, "batch_tokens": 64}
    recipe = quick_recipe(tiny_bert, tmp_path, ("topic", "names"), budget=budget, **slow)
    stopped_at(recipe, tmp_path / "run", 7)  # one of two has been waited for
    spoil(tmp_path, "names")
    end = last(resumed(recipe, tmp_path / "run"))
    assert (end.reason, end.step) == (StopReason.EARLY, 12)


def test_the_same_dev_data_are_not_measured_again(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", EVERY + 1)
    train = tmp_path / "topic.csv"
    train.write_text(train.read_text() + "a team,sport\n")
    assert evaluations(resumed(recipe, tmp_path / "run")) == [2 * EVERY, STEPS]


def test_the_status_of_a_run_tells_the_best_since_the_change(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    run = run_in_folder(recipe, folder.path)
    next(event for event in run if isinstance(event, Step) and event.step == EVERY + 1)
    run.close()
    spoil(tmp_path, "topic")
    events = list(resume_in_folder(folder.path))
    assert isinstance(events[-1], Finished)
    best = [event for event in events if isinstance(event, Saved) and event.name == "best"][-1]
    status = folder.read_status()
    assert (status.best_step, status.best_score) == (best.step, best.score)
    assert read_config(folder.best).step == best.step


@pytest.mark.parametrize(("best", "is_new"), [("topic", True), ("topic/macro_f1", True), ("guarded", False)])
def test_another_measure_of_the_best_is_not_compared_with_the_one_before(
    recipe: Recipe, tmp_path: Path, best: str, is_new: bool
):
    stopped_at(recipe, tmp_path / "run", EVERY + 1)
    other = recipe.model_copy(update={"evaluation": recipe.evaluation.model_copy(update={"best": best})})
    events = resumed(other, tmp_path / "run")
    told = "evaluation.best changed since the run was interrupted; the best checkpoint is chosen anew"
    assert [event.message for event in events if isinstance(event, Noticed)] == [told] * is_new
    assert evaluations(events) == [EVERY + 1] * is_new + [2 * EVERY, STEPS]
