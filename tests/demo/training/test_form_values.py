import json

import pytest

from demo.training.form_values import NAMES, NUMBERS, form_of, remembered, to_remember, values_of
from mtl.errors import RecipeError
from tests.demo.training.test_recipe_reading import FORMS


@pytest.mark.parametrize("form", FORMS)
def test_a_form_goes_through_its_fields_and_the_browser_unchanged(form):
    values = values_of(form)
    assert form_of(values) == form
    assert remembered(json.loads(json.dumps(to_remember(values)))) == form


@pytest.mark.parametrize("content", [None, "", {}, [], {"tasks": []}, dict.fromkeys(NAMES), dict.fromkeys(NAMES, "x")])
def test_what_a_browser_kept_of_another_version_is_no_form(content):
    assert remembered(content) is None


def test_a_preset_that_is_none_is_refused():
    values = list(values_of(FORMS[0]))
    values[NAMES.index("preset")] = "most"
    with pytest.raises(RecipeError, match="one of all_frozen"):
        form_of(values)


@pytest.mark.parametrize("typed", ["many", "1,5", "nan", "1e999", "2 3"])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_said_with_its_field(name, typed):
    values = list(values_of(FORMS[0]))
    values[NAMES.index(name)] = typed
    with pytest.raises(RecipeError, match=f"^{NUMBERS[name]}: a number or nothing was expected, was '{typed}'.$"):
        form_of(values)


def test_tokens_are_whole_and_spaces_are_nothing():
    values = list(values_of(FORMS[0]))
    values[NAMES.index("batch_tokens")], values[NAMES.index("head_lr")] = " 512 ", "  "
    form = form_of(values)
    assert (form.batch_tokens, form.head_lr) == (512, None)
    values[NAMES.index("batch_tokens")] = "512.5"
    with pytest.raises(RecipeError, match="Tokens per batch: a whole number"):
        form_of(values)
