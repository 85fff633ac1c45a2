"""Keys under their old names: read, told of, and written out under the new name."""

from pathlib import Path

import pytest
import yaml

from mtl.errors import RecipeError
from mtl.planning import plan
from mtl.recipe import FreezingConfig, Preset, Recipe, dump, parse
from mtl.recipe.renamed import RENAMED
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import events_of

VALUES = {("budget", "pass_tokens"): 64}
"""A value that each renamed key takes."""


def content_of(section: str, key: str, value: object) -> dict[str, object]:
    return {"tasks": {"a": {"kind": "tagging"}}, section: {key: value}}


@pytest.mark.parametrize("old", RENAMED)
def test_a_key_under_its_old_name_is_read_and_noted(old: tuple[str, str]):
    section, key = old
    recipe = parse(content_of(section, key, VALUES[old]), folder=Path())
    (note,) = recipe.notes
    assert note == f"{section}.{key} is now called {section}.{RENAMED[old]}; the old name is still read"
    assert getattr(getattr(recipe, section), RENAMED[old]) == VALUES[old]


@pytest.mark.parametrize("old", RENAMED)
def test_what_is_written_out_has_the_new_name_and_no_note(old: tuple[str, str]):
    section, key = old
    written = yaml.safe_load(dump(parse(content_of(section, key, VALUES[old]), folder=Path())))
    assert written[section][RENAMED[old]] == VALUES[old]
    assert key not in written[section]
    assert Recipe.model_validate(written).notes == ()


@pytest.mark.parametrize("old", RENAMED)
def test_both_names_at_once_are_refused(old: tuple[str, str]):
    section, key = old
    content = content_of(section, key, VALUES[old])
    content[section] |= {RENAMED[old]: VALUES[old]}
    with pytest.raises(RecipeError, match=f"{section}.{key} is the old name of .* both were given$"):
        parse(content, folder=Path())


@pytest.mark.parametrize("content", [None, [], "text", {"tasks": {}, "budget": None}, {"tasks": 3, "budget": [1]}])
def test_what_is_no_recipe_is_refused_as_before(content: object):
    with pytest.raises(RecipeError):
        parse(content, folder=Path())


def test_a_note_stays_when_the_freezing_is_replaced():
    recipe = parse(content_of("budget", "pass_tokens", 64), folder=Path())
    assert recipe.under(FreezingConfig(preset=Preset.HEADS_ONLY)).notes == recipe.notes != ()


def test_the_note_is_told_at_the_start_of_a_run_and_in_its_plan(tiny_bert: Path, tmp_path: Path):
    budget = {"epochs": 1000, "max_steps": 1, "pass_tokens": 64}
    recipe = quick_recipe(tiny_bert, tmp_path, ("topic",), budget=budget)
    assert recipe.notes[0] in events_of(recipe)[0].notes
    assert recipe.notes[0] in plan(recipe).warnings
