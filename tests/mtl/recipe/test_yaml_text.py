"""YAML from anybody: read, or refused in one sentence, in time that grows with its length."""

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mtl.errors import RecipeError
from mtl.recipe import check
from mtl.recipe.yaml_text import MOST_CHARACTERS, read_yaml

VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-(2**40), 2**40), st.text(string.printable, max_size=8), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
SIGNS = st.text(st.sampled_from("[]{}:,-?&*!|>'\"%@`# \n\tab1"), max_size=60)
PAIRS = zip("abcdefgh", "bcdefghi", strict=True)
BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in PAIRS)


@given(VALUES)
def test_what_was_written_is_read(value: object):
    assert read_yaml(yaml.safe_dump(value), where="recipe") == value


@given(SIGNS)
def test_anything_else_is_one_sentence(text: str):
    try:
        read_yaml(text, where="recipe", aliases=True)
    except RecipeError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        pytest.param("[" * 100_000, "valid YAML was expected", id="nested"),
        pytest.param("{" * 100_000, "valid YAML was expected", id="nested-mappings"),
        pytest.param("a: " + "[" * 9000 + "]" * 9000, "valid YAML was expected", id="nested-and-closed"),
        pytest.param("- " * 100_000, "valid YAML was expected", id="dashes"),
        pytest.param("? " * 100_000, "valid YAML was expected", id="questions"),
        pytest.param(BOMB, "YAML without aliases", id="aliases"),
        pytest.param("x" * (MOST_CHARACTERS + 1), "at most 1,000,000 characters", id="long"),
        pytest.param("a: 2026-99-99", "valid YAML was expected", id="date"),
        pytest.param("a: 1\nb: {c: 1, c: 2}", "recipe:2: the key c was given before", id="repeated"),
    ],
)
def test_hostile_text_is_refused(text: str, gist: str):
    with pytest.raises(RecipeError) as error:
        read_yaml(text, where="recipe")
    assert gist in str(error.value)


def test_aliases_of_an_own_recipe_are_read_once_each():
    with pytest.raises(RecipeError, match="the key x was given before"):
        read_yaml(BOMB + "j: {x: 1, x: 2}\n", where="recipe", aliases=True)


@pytest.mark.parametrize("key", ["about", "tasks", "seed", "backbone"])
def test_a_value_nested_as_deeply_as_yaml_may_be_is_refused(key: str):
    with pytest.raises(RecipeError) as error:
        check(read_yaml(f"{key}: " + "[" * 900 + "]" * 900, where="recipe"), where="recipe")
    assert len(str(error.value)) < 500


def test_yes_and_no_are_labels():
    assert read_yaml("[yes, no, on, off, y, true, False]", where="recipe") == [
        *("yes", "no", "on", "off", "y"),
        True,
        False,
    ]
