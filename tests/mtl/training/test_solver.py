"""Which solver trains a run, and why L-BFGS does not where it does not."""

from pathlib import Path

import pytest

from mtl.errors import RecipeError
from mtl.recipe import HeadConfig, Recipe, Solver, TaskKind, dump, load, parse
from mtl.task import TaskInfo
from mtl.training import set_up
from mtl.training.solver import choose_solver, linear
from tests.mtl.recipes import EXAMPLES

TOPIC = {"kind": "classification", "train": "topic/train.csv", "dev": "topic/dev.csv"}
ENTITIES = {"kind": "tagging", "train": "entities/train.conll"}
PAIRS = {"kind": "similarity", "train": "similarity/train.csv"}
HEADS = {"preset": "heads_only"}


def recipe_of(tasks=None, **sections) -> Recipe:
    content = {"tasks": tasks or {"topic": TOPIC}, "freezing": HEADS, **sections}
    return parse(content, folder=EXAMPLES)


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"freezing": {"preset": "full"}}, "freezing.preset"),
        ({"freezing": {"preset": "last_layers"}}, "freezing.preset"),
        ({"freezing": {"backbone": "frozen", "schedule": "gradual"}}, "freezing.preset"),
        ({"freezing": {"preset": "probe_then_finetune"}}, "freezing.preset"),
        ({"balancing": "uncertainty"}, "balancing"),
        ({"tasks": {"topic": {**TOPIC, "head": {"hidden": [8]}}}}, "tasks.topic.head.hidden"),
        ({"tasks": {"topic": {**TOPIC, "head": {"shared": "both"}}}}, "tasks.topic.head.shared"),
        ({"tasks": {"topic": {**TOPIC, "head": {"dropout": 0.3}}}}, "tasks.topic.head.dropout"),
        ({"tasks": {"topic": {**TOPIC, "head": {"label_smoothing": 0.1}}}}, "tasks.topic.head.label_smoothing"),
        ({"tasks": {"entities": {**ENTITIES, "head": {"decoder": "crf"}}}}, "tasks.entities.head.decoder"),
    ],
)
def test_where_lbfgs_does_not_apply_auto_is_sgd_and_lbfgs_is_refused_in_a_sentence(sections, key):
    assert choose_solver(recipe_of(**sections), {}) is Solver.SGD
    with pytest.raises(RecipeError, match=rf"{key}: .+ was expected with solver lbfgs, was .+") as error:
        choose_solver(recipe_of(**sections, solver="lbfgs"), {})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"freezing": {"backbone": "frozen"}},
        {"budget": {"max_steps": 5, "max_minutes": 1}},  # a page sets them
        {"optimizer": {"l2": 3.0}},
        {"tasks": {"topic": {**TOPIC, "class_weights": "balanced"}, "pairs": PAIRS}},
        {"tasks": {"topic": {**TOPIC, "head": {"hidden": [], "dropout": 0}}}},
        {
            "tasks": {"t": TOPIC, "e": {**ENTITIES, "head": {"decoder": "crf"}}},
            "freezing": {**HEADS, "frozen_heads": "e"},
        },
    ],
)
def test_auto_is_lbfgs_where_linear_heads_of_classes_train_alone(sections):
    assert choose_solver(recipe_of(**sections), {}) is Solver.LBFGS
    assert choose_solver(recipe_of(**sections, solver="lbfgs"), {}) is Solver.LBFGS
    assert choose_solver(recipe_of(**sections, solver="sgd"), {}) is Solver.SGD


@pytest.mark.parametrize(
    "sections",
    [
        {"optimizer": {"head_lr": 0.01}},
        {"optimizer": {"head_lr": 0.001}},  # the default, but somebody said it
        {"optimizer": {"weight_decay": 0.1}},
        {"budget": {"epochs": 3}},
        {"budget": {"batch_tokens": 256}},
        {"tasks": {"entities": ENTITIES}},
        {"tasks": {"topic": TOPIC, "entities": ENTITIES}},
        {"tasks": {"entities": {**ENTITIES, "head": {"decoder": "argmax"}}}},
        {"tasks": {"entities": {**ENTITIES, "head": {"layers": "mix"}}}},
    ],
)
def test_auto_is_sgd_for_entities_and_where_the_recipe_says_how_it_goes_and_lbfgs_can_be_asked_for(sections):
    assert choose_solver(recipe_of(**sections), {}) is Solver.SGD
    assert choose_solver(recipe_of(**sections, solver="lbfgs"), {}) is Solver.LBFGS


@pytest.mark.parametrize(("hidden", "expected"), [((), Solver.LBFGS), (None, Solver.SGD), ((4,), Solver.SGD)])
def test_the_head_of_a_checkpoint_decides_by_its_own_shape(hidden, expected):
    known = {"topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a",), HeadConfig(hidden=hidden))}
    assert choose_solver(recipe_of(), known) is expected


def test_several_processes_share_batches(monkeypatch):
    monkeypatch.setattr("mtl.training.solver.world", lambda: type("World", (), {"size": 2}))
    assert choose_solver(recipe_of(), {}) is Solver.SGD
    with pytest.raises(RecipeError, match="one process was expected"):
        choose_solver(recipe_of(solver="lbfgs"), {})


def test_nothing_trains_where_all_is_frozen():
    assert choose_solver(recipe_of(freezing={"preset": "all_frozen"}, solver="lbfgs"), {}) is Solver.SGD


@pytest.mark.parametrize("settled", Solver)
def test_a_written_recipe_keeps_what_auto_came_to_until_its_freezing_changes(settled, tmp_path):
    recipe = recipe_of().with_solver(settled)
    (tmp_path / "recipe.yaml").write_text(dump(recipe))
    again = load(tmp_path / "recipe.yaml")
    assert again.solver is settled and again == recipe
    assert choose_solver(again, {}) is (Solver.LBFGS if settled is Solver.AUTO else settled)
    other = load(tmp_path / "recipe.yaml", ["freezing.preset=full"])
    assert other.solver is Solver.AUTO and choose_solver(other, {}) is Solver.SGD
    assert again.under(other.freezing).solver is Solver.AUTO


def test_what_somebody_asked_for_stays_in_a_written_recipe(tmp_path):
    (tmp_path / "recipe.yaml").write_text(dump(recipe_of(solver="sgd").with_solver(Solver.LBFGS)))
    assert load(tmp_path / "recipe.yaml", ["freezing.preset=full"]).solver is Solver.SGD


def test_new_heads_that_lbfgs_trains_are_linear_whatever_their_default_and_keep_their_other_keys(tiny_bert: Path):
    content = {
        "backbone": str(tiny_bert),
        "tasks": {"topic": {**TOPIC, "max_rows": 30}},
        "freezing": HEADS,
        "budget": {"max_steps": 1},
    }
    trainer = set_up(parse(content, folder=EXAMPLES))
    assert trainer.recipe.solver is Solver.LBFGS
    assert trainer.loaded.model.tasks["topic"].head == HeadConfig(hidden=(), dropout=0.0)
    assert linear(HeadConfig(activation="gelu")) == HeadConfig(hidden=(), dropout=0.0, activation="gelu")
