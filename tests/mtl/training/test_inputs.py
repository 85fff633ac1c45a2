"""A run resumed after its data changed: other labels are refused, other examples are noticed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

import mtl
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.recipe.tasks import HeadConfig
from mtl.runs import Evaluated, Event, Noticed, Step
from tests.mtl.recipes import quick_recipe
from tests.tiny import save_backbone

Change = Callable[[Path], None]
EVERY = 4


def stopped_at(recipe: Recipe, folder: Path, step: int) -> None:
    seen: list[Event] = []
    for event in mtl.train(recipe, folder=folder, should_stop=lambda: bool(seen) and seen[-1].step == step):
        seen.append(event)


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    budget = {"epochs": 1000, "max_steps": 10, "batch_tokens": 64}
    return quick_recipe(tiny_bert, tmp_path, budget=budget, evaluation={"every": EVERY})


def resumed(recipe: Recipe, folder: Path) -> list[Event]:
    return list(mtl.train(recipe, folder=folder, resume=True))


def edit(file: Path, old: str, new: str, times: int = -1) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, times))


def add(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


LABELS: dict[str, tuple[str, str, Change]] = {
    "a class more": ("topic", "money, sport, travel, trip", lambda f: add(f / "topic.csv", "far away,travel\n")),
    "a class less": ("topic", "money, sport", lambda f: edit(f / "topic.csv", ",trip", ",sport")),
    "a class by another name": ("topic", "a, sport, trip", lambda f: edit(f / "topic.csv", ",money", ",a")),
    "a type more": ("names", "LOC, ORG, PER", lambda f: add(f / "names.conll", "\n\nbank\tB-ORG\n")),
    "a type by another name": ("names", "GPE, PER", lambda f: edit(f / "names.conll", "B-LOC", "B-GPE")),
}


@pytest.mark.parametrize("name", LABELS)
def test_changed_labels_are_refused_with_what_was_expected(recipe: Recipe, tmp_path: Path, name: str):
    task, came, change = LABELS[name]
    stopped_at(recipe, tmp_path / "run", 5)
    change(tmp_path)
    with pytest.raises(RunError) as error:
        resumed(recipe, tmp_path / "run")
    expected = {"topic": "money, sport, trip", "names": "LOC, PER"}[task]
    assert str(error.value) == (
        f"tasks.{task}: the labels {expected} were expected as when the run began, the data now have {came}; other "
        "labels need a new run"
    )


ROWS: dict[str, tuple[str, Change]] = {
    "a text more": ("topic: train (15 examples before, 16 now)", lambda f: add(f / "topic.csv", "a team,sport\n")),
    "another text": ("topic: train (15 examples before, 15 now)", lambda f: edit(f / "topic.csv", "bank", "vote")),
    "another tag": (
        "names: train (10 examples before, 10 now)",
        lambda f: edit(f / "names.conll", "-PER", "-LOC", 1),
    ),
    "another score": ("pairs: train (10 examples before, 10 now)", lambda f: edit(f / "pairs.csv", ",0", ",0.5")),
    "a dev text more": ("topic: dev (8 examples before, 9 now)", lambda f: add(f / "topic-dev.csv", "a team,sport\n")),
}


@pytest.mark.parametrize("name", ROWS)
def test_changed_data_are_noticed_once_for_each_task_with_the_numbers_of_examples(
    recipe: Recipe, tmp_path: Path, name: str
):
    what, change = ROWS[name]
    stopped_at(recipe, tmp_path / "run", 5)
    change(tmp_path)
    events = resumed(recipe, tmp_path / "run")
    message = f"{what} changed since the run was interrupted; it goes on with the new data"
    message += ", and the best checkpoint is chosen anew" * ("dev" in what)
    assert [(event.step, event.message) for event in events if isinstance(event, Noticed)] == [(5, message)]
    assert [event.step for event in events if isinstance(event, Step)] == list(range(6, 11))


def test_train_and_dev_of_a_task_are_one_notice(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", 5)
    for file in ("topic.csv", "topic-dev.csv"):
        add(tmp_path / file, "a team,sport\n")
    notices = [event.message for event in resumed(recipe, tmp_path / "run") if isinstance(event, Noticed)]
    assert notices == [
        "topic: train (15 examples before, 16 now) and dev (8 examples before, 9 now) changed since the run was "
        "interrupted; it goes on with the new data, and the best checkpoint is chosen anew"
    ]


def test_what_was_noticed_is_not_noticed_again_after_the_next_state(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", 5)
    add(tmp_path / "topic.csv", "a team,sport\n")
    run = mtl.train(recipe, folder=tmp_path / "run", resume=True)
    next(event for event in run if isinstance(event, Evaluated) and event.step == 2 * EVERY)
    next(event for event in run if isinstance(event, Step))
    run.close()
    assert not [event for event in resumed(recipe, tmp_path / "run") if isinstance(event, Noticed)]


def test_the_same_data_in_another_file_are_the_same(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", 5)
    moved = (tmp_path / "topic.csv").rename(tmp_path / "moved.csv")
    topic = recipe.tasks["topic"].model_copy(update={"train": (str(moved),)})
    recipe = recipe.model_copy(update={"tasks": {**recipe.tasks, "topic": topic}})
    assert not [event for event in resumed(recipe, tmp_path / "run") if isinstance(event, Noticed)]


def test_other_tasks_are_refused(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", 5)
    fewer = recipe.model_copy(update={"tasks": {name: recipe.tasks[name] for name in ("topic", "names")}})
    with pytest.raises(RunError, match="^tasks: topic, names, pairs were expected as when the run began, were "):
        resumed(fewer, tmp_path / "run")


def test_tasks_in_another_order_are_refused(recipe: Recipe, tmp_path: Path):
    """The optimizer's moments are in the order of the heads."""
    stopped_at(recipe, tmp_path / "run", 5)
    turned = recipe.model_copy(update={"tasks": dict(reversed(recipe.tasks.items()))})
    with pytest.raises(RunError, match="^tasks: topic, names, pairs were expected .* were pairs, names, topic$"):
        resumed(turned, tmp_path / "run")


def test_a_head_that_would_read_another_layer_is_refused(recipe: Recipe, tmp_path: Path):
    stopped_at(recipe, tmp_path / "run", 5)
    names = recipe.tasks["names"].model_copy(update={"head": HeadConfig(layers=1)})
    other = recipe.model_copy(update={"tasks": {**recipe.tasks, "names": names}})
    with pytest.raises(RunError, match=r"^tasks.names.head.layers: last was expected as when the run began, was 1"):
        resumed(other, tmp_path / "run")


def test_a_backbone_with_other_weights_is_refused(tmp_path: Path):
    folder = save_backbone("bert", tmp_path / "backbone")
    recipe = quick_recipe(folder, tmp_path, ("topic",), budget={"epochs": 1000, "max_steps": 9, "batch_tokens": 64})
    stopped_at(recipe, tmp_path / "run", 5)
    save_backbone("bert", folder, seed=1)
    with pytest.raises(RunError, match="^backbone: weights with sha256 .* were expected as when the run began, were "):
        resumed(recipe, tmp_path / "run")


@pytest.mark.parametrize("preset", ["probe_then_finetune", "gradual"])
def test_what_was_trained_is_not_frozen_again_where_there_are_more_steps_now(
    tiny_bert: Path, tmp_path: Path, preset: str
):
    """Step 8 of 10 is in the last stage, step 8 of 80 would be in the first one."""
    budget = {"epochs": 1000, "max_steps": 10, "batch_tokens": 64}
    freezing = {"preset": preset}
    stopped = quick_recipe(tiny_bert, tmp_path, budget=budget, freezing=freezing, evaluation={"every": EVERY})
    stopped_at(stopped, tmp_path / "run", 8)
    before = set(load_file(tmp_path / "run" / "last" / "model.safetensors"))
    longer = stopped.model_copy(update={"budget": stopped.budget.model_copy(update={"max_steps": 80})})
    seen: list[Event] = []
    for event in mtl.train(
        longer, folder=tmp_path / "run", resume=True, should_stop=lambda: bool(seen) and seen[-1].step == 10
    ):
        seen.append(event)
    after = load_file(tmp_path / "run" / "last" / "model.safetensors")
    assert any(name.startswith("encoder") for name in before) and before <= set(after)
