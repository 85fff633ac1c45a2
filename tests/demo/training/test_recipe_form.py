import dataclasses

import pytest

from demo.inputs import drafts
from demo.runs.recipe_text import as_yaml, without_folders
from demo.training.freezing_choice import Freezing
from demo.training.recipe_form import OWN_POOLING, Form, recipe_of
from mtl.errors import RecipeError
from mtl.recipe import DEFAULT_BACKBONE, Preset, load
from tests.demo.fakes import settings

FORM = Form(
    tasks=("topic", "entities"),
    backbone=DEFAULT_BACKBONE,
    pooling=OWN_POOLING,
    freezing=Freezing(Preset.HEADS_ONLY),
    epochs=2,
    batch_tokens=512,
    backbone_lr=1e-4,
    head_lr=1e-3,
    seed=1,
)
KNOWN = drafts.built_in()


def recipe(page=None, **changes):
    return recipe_of(dataclasses.replace(FORM, **changes), KNOWN, page or settings())


def test_a_form_becomes_a_recipe_that_mtl_reads_back(tmp_path):
    made = recipe(freezing=Freezing(Preset.LAST_LAYERS), pooling="max")
    file = tmp_path / "recipe.yaml"
    file.write_text(as_yaml(made))
    again = load(file)
    assert again.tasks.keys() == {"topic", "entities"}
    assert again.freezing == made.freezing
    assert again.optimizer == made.optimizer
    assert again.budget == made.budget
    assert again.pooling == "max"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tasks": ()}, "at least one task"),
        ({"freezing": Freezing(Preset.ONE_HEAD_FROZEN)}, "one head to freeze"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 1000}, "At most 50 epochs"),
        ({"batch_tokens": 1}, "batch_tokens"),
        ({"head_lr": 0.0}, "head_lr"),
        ({"seed": -1}, "seed"),
        ({"freezing": Freezing(Preset.LAST_LAYERS, 7)}, "At most 6 layers"),
        ({"pooling": "middle"}, "pooling"),
        ({"more": "anchor: ["}, "More recipe keys:1: valid YAML"),
        ({"more": "anchor"}, "keys with values were expected, was str"),
        ({"more": "anchr: 5"}, "anchr: this key is unknown"),
        ({"more": "seed: 5"}, "seed has its own field"),
        ({"more": "tasks: {topic: {train: /etc/passwd}}"}, "tasks.topic.train has its own field"),
        ({"more": "tasks: {sentiment: {weight: 2}}"}, "a ticked task was expected, was sentiment"),
        ({"more": "a: &x [1]\nb: *x"}, "without aliases"),
        ({"more": "x" * 20_001}, "at most 20,000 characters"),
    ],
)
def test_a_wrong_field_is_refused_by_name(changes, says):
    with pytest.raises(RecipeError, match=says):
        recipe(**changes)


def test_more_keys_stand_beside_those_of_the_fields():
    made = recipe(
        more="anchor: 5\nsampling: {alpha: 0.8}\ntasks: {entities: {head: {decoder: crf}}}\nbudget: {max_steps: 9}"
    )
    assert (made.anchor, made.sampling.alpha, made.budget.max_steps) == (5, 0.8, 9)
    assert made.tasks["entities"].head.decoder == "crf"


def test_a_capped_page_takes_listed_backbones_only_and_limits_steps_and_minutes():
    capped = settings(share=True)
    made = recipe(capped)
    assert made.budget.max_steps == capped.max_steps
    assert made.budget.max_minutes == capped.max_minutes
    with pytest.raises(RecipeError, match="One of the backbones"):
        recipe(capped, backbone="/etc")


@pytest.mark.parametrize(
    "more",
    [
        "budget: {epochs: 5, eval_tokens: 99999}",
        "cache: {max_gb: 900}",
        "tasks: {topic: {head: {hidden: [8192]}}}",
        "max_length: 8192",
    ],
)
def test_a_capped_page_takes_no_key_that_costs_more_than_its_limits(more):
    with pytest.raises(RecipeError, match="cannot be set on this page"):
        recipe(settings(share=True), more=more)
    assert recipe(settings(share=True), more="anchor: 1").anchor == 1


@pytest.mark.parametrize("asked", [5, 10**8, 0, "many", None])
def test_a_capped_page_takes_its_own_limits_back_and_never_more(asked):
    capped = settings(share=True)
    more = f"budget: {{max_steps: {'null' if asked is None else asked}}}"
    if asked in (0, "many"):
        with pytest.raises(RecipeError, match="max_steps"):
            recipe(capped, more=more)
    else:
        assert recipe(capped, more=more).budget.max_steps == (5 if asked == 5 else capped.max_steps)


def test_strangers_see_no_folders():
    assert "/" not in "".join(without_folders(recipe()).tasks["topic"].train)
