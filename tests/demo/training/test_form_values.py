import json

import pytest

from demo.training.form_values import NAMES, form_of, remembered, to_remember, values_of
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
