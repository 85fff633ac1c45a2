"""Defaults that follow from the freezing choice."""

from pathlib import Path

import pytest
import yaml

from mtl.recipe import FreezingConfig, Recipe, dump, parse
from mtl.recipe.choices import BackboneFreezing, Preset
from mtl.recipe.defaults import LAST_LAYER_ANCHOR, defaults_of

TASKS = {"tasks": {"topic": {"kind": "classification"}}}


def recipe(**sections: object) -> Recipe:
    return parse({**TASKS, **sections}, folder=Path())


@pytest.mark.parametrize("preset", [p for p in Preset if p is not Preset.ONE_HEAD_FROZEN])
def test_a_recipe_that_says_nothing_gets_those_of_its_preset(preset: Preset):
    found, expected = recipe(freezing={"preset": preset.value}), defaults_of(preset, None, None)
    assert (found.optimizer.backbone_lr, found.optimizer.head_lr) == (expected.backbone_lr, expected.head_lr)
    assert found.budget.epochs == expected.epochs
    assert found.anchor == (LAST_LAYER_ANCHOR if preset is Preset.FULL else expected.anchor)


@pytest.mark.parametrize(
    ("kinds", "anchor"), [(["classification"], 0.1), (["tagging"], 1), (["classification", "tagging"], 1)]
)
def test_the_strong_anchor_is_for_tags_that_are_read_below_the_layer_that_it_holds(kinds: list[str], anchor: float):
    tasks = {kind: {"kind": kind} for kind in kinds}
    assert recipe(tasks=tasks, freezing={"preset": "full"}).anchor == anchor


def test_what_is_said_stays():
    found = recipe(freezing={"preset": "heads_only"}, optimizer={"head_lr": 0.5}, budget={"epochs": 2})
    assert (found.optimizer.head_lr, found.budget.epochs) == (0.5, 2)


@pytest.mark.parametrize(
    ("freezing", "preset"),
    [
        ({"backbone": "frozen"}, Preset.HEADS_ONLY),
        ({"backbone": "last_layers", "layers": 1}, Preset.LAST_LAYERS),
        ({"preset": "probe_then_finetune", "layers": 1}, Preset.LAST_LAYERS),
        ({"backbone": "lora", "rank": 4}, Preset.LORA),
        ({}, Preset.FULL),
    ],
)
def test_a_free_combination_gets_those_of_what_trains(freezing: dict[str, object], preset: Preset):
    assert recipe(freezing=freezing).optimizer == recipe(freezing={"preset": preset.value}).optimizer


def test_one_recipe_does_not_change_another():
    first = recipe(freezing={"preset": "heads_only"})
    recipe(freezing={"preset": "full"})
    assert first.optimizer.head_lr == defaults_of(Preset.HEADS_ONLY, None, None).head_lr


def test_they_are_written_out():
    written = yaml.safe_load(dump(recipe(freezing={"preset": "heads_only"})))
    assert written["budget"]["epochs"] == defaults_of(Preset.HEADS_ONLY, None, None).epochs


def test_another_freezing_choice_brings_its_own_and_keeps_what_was_said():
    base = recipe(freezing={"preset": "heads_only"}, optimizer={"backbone_lr": 3e-5}, seed=7)
    found = base.under(FreezingConfig(preset=Preset.FULL))
    assert (found.optimizer.backbone_lr, found.seed) == (3e-5, 7)
    assert found.optimizer.head_lr == defaults_of(Preset.FULL, None, None).head_lr
    assert found.freezing == FreezingConfig(preset=Preset.FULL)


def test_every_backbone_choice_has_defaults():
    assert all(defaults_of(None, backbone, None) for backbone in BackboneFreezing)


@pytest.mark.parametrize("preset", [p for p in Preset if p is not Preset.ONE_HEAD_FROZEN])
def test_the_embedding_is_anchored_where_the_backbone_trains_for_tasks_that_only_read_it(preset: Preset):
    freezing = {"preset": preset.value}
    trains = preset not in (Preset.ALL_FROZEN, Preset.HEADS_ONLY)
    assert (recipe(freezing=freezing).anchor > 0) is trains
    pairs = {"topic": {"kind": "classification"}, "alike": {"kind": "similarity", "train": "hf:me/pairs"}}
    assert recipe(tasks=pairs, freezing=freezing).anchor == 0
    assert recipe(tasks=pairs, freezing=freezing, anchor=2).anchor == 2
    assert recipe(freezing=freezing, anchor=0).anchor == 0


def test_a_default_that_was_written_out_stays_when_the_default_changes():
    written = yaml.safe_load(dump(recipe()))
    written["anchor"] = written["filled_in"]["anchor"] = 7.5  # as a version with another default wrote it
    again = parse(written, folder=Path())
    assert (again.anchor, again.unset()["anchor"]) == (7.5, 7.5)
    assert again.under(FreezingConfig(preset=Preset.HEADS_ONLY)).anchor == 0


def test_pairs_that_are_only_measured_turn_no_anchor_off():
    pairs = {"kind": "similarity", "dev": "hf:me/pairs"}
    tasks = {"topic": {"kind": "classification"}}
    assert recipe(tasks=tasks | {"alike": pairs}).anchor == recipe(tasks=tasks).anchor > 0
    assert recipe(tasks=tasks | {"alike": pairs | {"train": "hf:me/pairs"}}).anchor == 0


@pytest.mark.parametrize("said", [None, 0.0, 1.0, 2.5])
def test_an_anchor_is_one_that_somebody_set_or_that_of_the_freezing_however_it_is_written(said: float | None):
    made = recipe(**({} if said is None else {"anchor": said}))
    again = parse(yaml.safe_load(dump(made)), folder=Path())
    assert (again.anchor, again.unset()) == (made.anchor, made.unset())
    frozen = again.under(FreezingConfig(preset=Preset.HEADS_ONLY))
    assert frozen.anchor == (0.0 if said is None else said)
