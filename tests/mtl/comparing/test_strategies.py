"""What the names of a comparison mean."""

from pathlib import Path

import pytest

from mtl.comparing import candidates, linear_probe, strategies
from mtl.errors import RecipeError
from mtl.recipe import FreezingConfig, Recipe
from tests.mtl.recipes import recipe_of

TASKS = ("topic", "entities")


@pytest.fixture
def recipe(tiny_bert: Path) -> Recipe:
    return recipe_of(tiny_bert, TASKS, freezing={"preset": "last_layers", "layers": 1}, seed=7)


@pytest.mark.parametrize(
    ("name", "freezing"),
    [
        ("heads_only", {"preset": "heads_only"}),
        ("all_frozen", {"preset": "all_frozen"}),
        ("full", {"preset": "full"}),
        ("lora", {"preset": "lora"}),
        ("gradual", {"preset": "gradual"}),
        ("probe_then_finetune", {"preset": "probe_then_finetune"}),
        ("last_layers", {"preset": "last_layers", "layers": 1}),  # as many as the recipe says
        ("last_layers:3", {"preset": "last_layers", "layers": 3}),
        ("one_head_frozen:topic", {"preset": "one_head_frozen", "frozen_heads": ("topic",)}),
    ],
)
def test_a_name_is_the_recipe_with_another_freezing(recipe: Recipe, name: str, freezing: dict[str, object]):
    (strategy,) = strategies(recipe, [name], single_task=False)
    assert strategy.name == name
    changed = {"freezing": FreezingConfig(**freezing), "anchor": strategy.recipe.anchor}
    assert strategy.recipe == recipe.model_copy(update=changed)
    assert strategy.recipe.anchor == recipe_of(Path(recipe.backbone), TASKS, freezing=freezing).anchor


def test_strategies_keep_their_order(recipe: Recipe):
    names = ["full", "heads_only", "last_layers:2", "last_layers:1"]
    assert [strategy.name for strategy in strategies(recipe, names, single_task=False)] == names


def test_one_head_frozen_takes_the_head_that_the_recipe_freezes(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, TASKS, freezing={"preset": "one_head_frozen", "frozen_heads": "entities"})
    (strategy,) = strategies(recipe, ["one_head_frozen"], single_task=False)
    assert strategy.recipe.freezing.frozen_heads == ("entities",)


@pytest.mark.parametrize(
    ("name", "gist"),
    [
        ("heads", "--presets: one of all_frozen, heads_only, one_head_frozen, last_layers, full, lora"),
        ("", "--presets: one of all_frozen"),
        ("full:2", "--presets: last_layers:N with a number of layers was expected, was 'full:2'"),
        ("last_layers:0", "--presets: last_layers:N with a number of layers was expected, was 'last_layers:0'"),
        ("last_layers:two", "--presets: last_layers:N with a number of layers was expected"),
        ("last_layers:²", "--presets: last_layers:N with a number of layers was expected"),
        ("last_layers:-1", "--presets: last_layers:N with a number of layers was expected"),
        ("one_head_frozen", "--presets: one_head_frozen:TASK with a task of topic, entities was expected"),
        ("one_head_frozen:colour", "--presets: one_head_frozen:TASK with a task of topic, entities was expected"),
    ],
)
def test_a_name_that_means_nothing_is_refused(recipe: Recipe, name: str, gist: str):
    with pytest.raises(RecipeError) as error:
        strategies(recipe, ["full", name], single_task=False)
    assert str(error.value).startswith(gist)


def test_baselines_are_full_runs_of_each_task_alone(recipe: Recipe):
    found = strategies(recipe, ["heads_only"], single_task=True)
    assert [strategy.name for strategy in found] == ["heads_only", "only topic", "only entities"]
    for strategy, task in zip(found[1:], TASKS, strict=True):
        assert strategy.recipe.tasks == {task: recipe.tasks[task]}
        assert strategy.recipe.freezing == FreezingConfig(preset="full")
        assert (strategy.recipe.budget, strategy.recipe.seed) == (recipe.budget, recipe.seed)


@pytest.mark.parametrize(
    ("best", "alone"),
    [
        ("mean", {"topic": "mean", "entities": "mean"}),
        ("guarded", {"topic": "guarded", "entities": "guarded"}),
        ("topic", {"topic": "topic", "entities": "mean"}),
        ("entities/f1", {"topic": "mean", "entities": "entities/f1"}),
    ],
)
def test_a_baseline_whose_task_does_not_choose_the_best_is_chosen_by_the_mean(
    tiny_bert: Path, best: str, alone: dict[str, str]
):
    recipe = recipe_of(tiny_bert, TASKS, evaluation={"every": 2, "best": best})
    found = strategies(recipe, [], single_task=True)
    assert {name: s.recipe.evaluation.best for name, s in zip(TASKS, found, strict=True)} == alone
    assert all(strategy.recipe.evaluation.every == 2 for strategy in found)


def test_a_task_alone_is_one_of_the_strategies(recipe: Recipe):
    first, second, third = strategies(recipe, ["only:topic", "full"], single_task=True)
    assert [one.name for one in (first, second, third)] == ["only topic", "full", "only entities"]
    assert list(first.recipe.tasks) == ["topic"]
    assert first.recipe.freezing.preset == "full"


@pytest.mark.parametrize("name", ["only:", "only:colour"])
def test_a_task_alone_is_one_of_the_recipe(recipe: Recipe, name: str):
    with pytest.raises(RecipeError, match="--presets: only:TASK with a task of topic, entities was expected, was"):
        strategies(recipe, [name], single_task=False)


def test_candidates_are_the_recipe_with_other_backbones(recipe: Recipe):
    found = candidates(recipe, ["org/albert", " other/roberta/", recipe.backbone])
    assert [one.name for one in found] == [
        "backbone albert",
        "backbone roberta",
        f"backbone {Path(recipe.backbone).name}",
    ]
    assert found[0].recipe == recipe.model_copy(update={"backbone": "org/albert"})
    assert found[2].recipe == recipe


def test_candidates_of_one_name_are_told_apart_by_their_owners(recipe: Recipe):
    found = candidates(recipe, ["a/bert", "b/bert"])
    assert [one.name for one in found] == ["backbone a/bert", "backbone b/bert"]


@pytest.mark.parametrize("names", [["a", "a "], [""], ["a", " "]])
def test_a_candidate_without_a_name_or_given_twice_is_refused(recipe: Recipe, names: list[str]):
    with pytest.raises(
        RecipeError, match="--backbone: each backbone once was expected, (a came twice|one has no name)"
    ):
        candidates(recipe, names)


def test_a_linear_probe_keeps_the_data_and_drops_how_they_were_trained_on(tiny_bert: Path):
    said = {
        "seed": 3,
        "max_length": 32,
        "anchor": 5.0,
        "optimizer": {"head_lr": 0.1},
        "budget": {"epochs": 99},
        "freezing": {"preset": "full"},
        "about": "long",
    }
    recipe = recipe_of(tiny_bert, TASKS, **said)
    weights = {"class_weights": {"a label of few rows": 2.0}}
    topic = recipe.tasks["topic"].model_copy(update={"max_rows": 20, "map_labels": {"a": "b"}, **weights})
    recipe = recipe.model_copy(update={"tasks": {"topic": topic, "entities": recipe.tasks["entities"]}})
    probe = linear_probe(recipe, 30)
    assert (probe.seed, probe.max_length) == (3, 32)
    assert (probe.anchor, probe.about) == (0.0, "")
    assert probe.freezing == FreezingConfig(preset="heads_only")
    assert {"head_lr", "epochs"}.isdisjoint(probe.optimizer.model_fields_set | probe.budget.model_fields_set)
    assert {name: task.max_rows for name, task in probe.tasks.items()} == {"topic": 20, "entities": 30}
    assert {task.take for task in probe.tasks.values()} == {"drawn"} and probe.tasks["topic"].class_weights is None
    assert probe.tasks["topic"].map_labels == {"a": "b"}
    assert probe.tasks["entities"].head.layers == "mix"
    assert (probe.tasks["topic"].head.hidden, probe.tasks["topic"].head.dropout) == ((), 0)
    for name in TASKS:
        assert (probe.tasks[name].train, probe.tasks[name].dev) == (recipe.tasks[name].train, recipe.tasks[name].dev)


def test_a_probe_of_pairs_alone_trains_nothing(tiny_bert: Path):
    assert linear_probe(recipe_of(tiny_bert, ("similarity",)), 9).freezing == FreezingConfig(preset="all_frozen")


@pytest.mark.parametrize("loss", [None, "multiple_negatives", "cosine"])
def test_a_probe_reads_and_measures_pairs_as_the_recipe_does(tiny_bert: Path, loss: str | None):
    head = {} if loss is None else {"head": {"loss": loss}}
    probe = linear_probe(recipe_of(tiny_bert, ("similarity", "topic"), tasks_similarity=head), 9)
    assert probe.tasks["similarity"].head.loss == loss


def test_a_task_that_only_is_measured_is_not_trained_alone(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, ("topic", "entities", "sentiment"), tasks_sentiment={"train": []})
    found = strategies(recipe, ["full"], single_task=True)
    assert [one.name for one in found] == ["full", "only topic", "only entities"]
