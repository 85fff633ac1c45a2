"""What a user set and what was filled in stay apart wherever a recipe is rewritten."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from mtl.comparing import strategies
from mtl.comparing.strategies import candidates
from mtl.recipe import FreezingConfig, OptimizerConfig, Preset, Recipe, TaskConfig, dump, load, parse, portable
from mtl.recipe.choices import LongTexts, Solver, WordSplitting
from mtl.recipe.sections import BudgetConfig
from mtl.training.solver import choose_solver
from tests.mtl.recipe.generated import RATES, choices, contents


def written(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe as a run folder keeps it, loaded again."""
    path = folder / "recipe.yaml"
    path.write_text(dump(recipe), encoding="utf-8")
    return load(path)


def stored(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe as a checkpoint keeps it, loaded again."""
    return parse(portable(recipe), folder=folder)


@pytest.mark.parametrize("rewrite", [written, stored])
@given(content=contents(), choice=choices, next_choice=choices)
def test_a_recipe_that_was_written_out_follows_another_freezing_choice_as_the_first_did(
    tmp_path: Path, rewrite, content: dict[str, Any], choice: FreezingConfig, next_choice: FreezingConfig
):
    recipe = parse(content, folder=tmp_path)
    again = rewrite(recipe, tmp_path)
    assert again == recipe
    assert again.unset() == recipe.unset()
    assert {name: task.head.model_fields_set for name, task in again.tasks.items()} == {
        name: task.head.model_fields_set for name, task in recipe.tasks.items()
    }
    assert again.under(choice) == recipe.under(choice)
    assert rewrite(again.under(choice), tmp_path).under(next_choice) == recipe.under(next_choice)


@given(content=contents(), choice=choices)
def test_under_a_freezing_choice_a_recipe_is_the_one_that_says_so(
    tmp_path: Path, content: dict[str, Any], choice: FreezingConfig
):
    expected = parse({**content, "freezing": choice.model_dump(exclude_unset=True)}, folder=tmp_path)
    assert parse(content, folder=tmp_path).under(choice) == expected


@given(content=contents(), preset=st.sampled_from(list(Preset)))
def test_a_setting_of_the_command_line_does_to_a_written_recipe_what_it_does_to_the_first(
    tmp_path: Path, content: dict[str, Any], preset: Preset
):
    setting = [f"freezing={{preset: {preset}}}", "optimizer.tagging_lr=0.03"]
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump(content))
    second.write_text(dump(load(first)))
    found, expected = load(second, setting), load(first, setting)
    assert (found, found.unset()) == (expected, expected.unset())


def of_a_run(recipe: Recipe) -> Recipe:
    """The recipe with other values than the defaults for all that a run chooses when it begins."""
    chosen = {"anchor": 0.25, "precision": "bf16", "solver": Solver.LBFGS}
    chosen |= {"long_texts": LongTexts.CUT, "words": WordSplitting.SPACES}
    return recipe.settled(**{key: value for key, value in chosen.items() if key not in recipe.model_fields_set})


SETTINGS = [
    "optimizer.head_lr=0.007",
    "optimizer.weight_decay=0.5",
    "freezing.preset=last_layers",
    "tasks.more={kind: similarity, train: hf:me/pairs}",
    "tasks.a.weight=2",
    "budget.epochs=20",
    "budget={epochs: 20}",
    "budget.batch_tokens=256",
    "balancing=uncertainty",
    "backbone=other/backbone",
    "words=characters",
]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("preset", ["full", "heads_only", "lora"])
@pytest.mark.parametrize("kind", ["classification", "tagging"])
def test_what_follows_a_setting_follows_it_in_the_recipe_of_a_run_too(
    tmp_path: Path, setting: str, preset: str, kind: str
):
    content = {"tasks": {"a": {"kind": kind, "train": "hf:me/names"}}, "freezing": {"preset": preset}}
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump(content))
    second.write_text(dump(of_a_run(load(first))))
    found, expected = load(second, [setting]), load(first, [setting])
    assert (found, found.unset()) == (expected, expected.unset())
    assert choose_solver(found, {}) is choose_solver(expected, {})


@pytest.mark.parametrize("setting", ["seed=7", "cache.max_gb=2", "evaluation.every=3", "about=again"])
def test_a_run_that_is_repeated_with_another_seed_keeps_what_it_chose(tmp_path: Path, setting: str):
    recipe = parse({"tasks": {"a": {"kind": "classification"}}, "freezing": {"preset": "heads_only"}}, folder=tmp_path)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(of_a_run(recipe)).replace("20.0", "7.0"))
    found = load(path, [setting])
    assert found.unset() == load(path).unset()
    assert (found.solver, found.precision, found.budget.epochs) == ("lbfgs", "bf16", 7)


@given(content=contents())
def test_a_candidate_of_the_recipe_of_a_run_is_that_of_the_first(tmp_path: Path, content: dict[str, Any]):
    """What a run chose fits its backbone."""
    recipe = parse(content, folder=tmp_path)
    found = candidates(written(of_a_run(recipe), tmp_path), ["one", "two"])
    assert found == candidates(recipe, ["one", "two"])
    assert [one.recipe.unset() for one in found] == [one.recipe.unset() for one in candidates(recipe, ["one", "two"])]


@given(
    optimizer=st.builds(
        lambda keys: OptimizerConfig(**keys), st.dictionaries(st.sampled_from(["head_lr", "clip"]), RATES)
    ),
    budget=st.builds(lambda keys: BudgetConfig(**keys), st.dictionaries(st.sampled_from(["epochs"]), RATES)),
    freezing=choices,
    choice=choices,
)
def test_no_section_that_is_passed_in_ever_changes(
    tmp_path: Path, optimizer: OptimizerConfig, budget: BudgetConfig, freezing: FreezingConfig, choice: FreezingConfig
):
    passed: list[BaseModel] = [optimizer, budget, freezing, choice]
    before = [(dict(section), set(section.model_fields_set)) for section in passed]
    task = TaskConfig(kind="classification")
    recipe = Recipe(tasks={"a": task}, optimizer=optimizer, budget=budget, freezing=freezing)
    said = (dict(recipe.optimizer), set(recipe.optimizer.model_fields_set))
    other = Recipe(tasks={"a": task}, optimizer=recipe.optimizer, budget=recipe.budget, freezing=choice)
    for made in (recipe, other, recipe.under(choice), written(recipe, tmp_path)):
        made.under(freezing)
        stored(made, tmp_path)
    assert [(dict(section), set(section.model_fields_set)) for section in passed] == before
    assert (dict(recipe.optimizer), set(recipe.optimizer.model_fields_set)) == said
    assert other == recipe.under(choice)


def test_a_value_that_was_edited_in_a_written_recipe_counts_as_set(tmp_path: Path):
    recipe = parse({"tasks": {"a": {"kind": "tagging"}}, "freezing": {"preset": "heads_only"}}, folder=tmp_path)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(recipe).replace("epochs: 20.0", "epochs: 3.0", 1))
    assert load(path).under(FreezingConfig(preset=Preset.FULL)).budget.epochs == 3


def test_a_recipe_written_before_the_key_was_there_loads_and_keeps_its_values(tmp_path: Path):
    recipe = parse({"tasks": {"a": {"kind": "tagging"}}, "freezing": {"preset": "heads_only"}}, folder=tmp_path)
    content = yaml.safe_load(dump(recipe))
    del content["filled_in"]
    assert parse(content, folder=tmp_path) == recipe


def test_a_recipe_keeps_the_defaults_that_it_was_written_with(tmp_path: Path):
    """A run that goes on with a later version, which has other defaults, is the same run."""
    recipe = parse({"tasks": {"a": {"kind": "tagging"}}, "freezing": {"preset": "heads_only"}}, folder=tmp_path)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(recipe).replace("20.0", "7.0"))
    assert load(path).budget.epochs == 7
    assert load(path).under(recipe.freezing).budget.epochs == 20


def test_strategies_of_a_written_recipe_are_those_of_the_first(tmp_path: Path):
    recipe = parse({"tasks": {"a": {"kind": "tagging"}}, "freezing": {"preset": "heads_only"}}, folder=tmp_path)
    presets = ["heads_only", "last_layers:2", "full", "lora"]
    found = strategies(written(recipe, tmp_path), presets, single_task=True)
    assert found == strategies(recipe, presets, single_task=True)
    assert len({strategy.recipe.budget.epochs for strategy in found}) > 1
