import dataclasses

import pytest

from demo import drafts
from demo.recipe_form import OWN_POOLING, Form, recipe_of, trained
from demo.recipe_text import as_yaml, without_folders
from mtl.errors import RecipeError
from mtl.recipe import DEFAULT_BACKBONE, Preset, load
from tests.demo.fakes import settings

FORM = Form(
    tasks=("topic", "entities"),
    backbone=DEFAULT_BACKBONE,
    pooling=OWN_POOLING,
    preset=Preset.HEADS_ONLY,
    layers=2,
    frozen_head=None,
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
    made = recipe(preset=Preset.LAST_LAYERS, pooling="max")
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
        ({"preset": Preset.ONE_HEAD_FROZEN}, "which head"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 1000}, "At most 50 epochs"),
        ({"batch_tokens": 1}, "batch_tokens"),
        ({"head_lr": 0.0}, "head_lr"),
        ({"seed": -1}, "seed"),
        ({"preset": Preset.LAST_LAYERS, "layers": 7}, "At most 6 layers"),
        ({"pooling": "middle"}, "pooling"),
        ({"preset": "nothing"}, "preset"),
    ],
)
def test_a_wrong_field_is_refused_by_name(changes, says):
    with pytest.raises(RecipeError, match=says):
        recipe(**changes)


def test_a_capped_page_takes_listed_backbones_only_and_limits_steps_and_minutes():
    capped = settings(share=True)
    made = recipe(capped)
    assert made.budget.max_steps == capped.max_steps
    assert made.budget.max_minutes == capped.max_minutes
    with pytest.raises(RecipeError, match="One of the backbones"):
        recipe(capped, backbone="/etc")


def test_what_a_preset_trains():
    assert trained(FORM).layers == 0
    assert trained(dataclasses.replace(FORM, preset=Preset.FULL)).embeddings
    one = dataclasses.replace(FORM, preset=Preset.ONE_HEAD_FROZEN, frozen_head="topic")
    assert trained(one).frozen_heads == {"topic"}
    assert trained(dataclasses.replace(FORM, preset=Preset.ALL_FROZEN)).frozen_heads == {"topic", "entities"}


def test_strangers_see_no_folders():
    assert "/" not in "".join(without_folders(recipe()).tasks["topic"].train)
