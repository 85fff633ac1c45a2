"""What is wrong in a recipe is told by its own keys, and a boolean is no number."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from mtl.errors import RecipeError
from mtl.recipe import Recipe, TaskConfig, check
from tests.mtl.recipe.test_loading import numbers_of, types_in

INTERNAL = re.compile(r"function-|constrained-|literal\[|dict\[|tuple\[|\[key\]|instance of|\.(str|int|float)\b")


def content_with(path: tuple[str, ...], value: object) -> dict[str, Any]:
    content: dict[str, Any] = {"tasks": {"t": {"kind": "classification", "train": "x.csv"}}}
    place = content
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return content


def complaint(path: tuple[str, ...], value: object) -> str:
    with pytest.raises(RecipeError) as error:
        check(content_with(path, value), where="recipe")
    return str(error.value).removeprefix("recipe: ")


def keys_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        yield (*path, name)
        for one in types_in(field.annotation):
            if isinstance(one, type) and issubclass(one, BaseModel):
                yield from keys_of(one, (*path, name))


IN_TASK = ("tasks", "t")
KEYS = [path for path in keys_of(Recipe) if path != ("tasks",)] + list(keys_of(TaskConfig, IN_TASK))
NUMBERS = [*numbers_of(Recipe), *numbers_of(TaskConfig, IN_TASK)]
HOLD_NUMBERS = {
    (*IN_TASK, "score_range"): ([True, 2], [0, True], [False, True]),
    (*IN_TASK, "class_weights"): ({"a": True}, {"a": 1.0, "b": False}),
    (*IN_TASK, "columns"): ({"text": True}, {"text": "a", "label": False}),
    (*IN_TASK, "head", "hidden"): ([True], [8, True], True),
    ("filled_in",): ({"anchor": True},),
}


def test_the_keys_are_those_of_a_recipe():
    assert {("seed",), ("budget", "epochs"), (*IN_TASK, "max_rows"), (*IN_TASK, "head", "dropout")} <= set(NUMBERS)
    assert set(NUMBERS) <= set(KEYS)


@pytest.mark.parametrize(
    "value", [{"a": [1]}, [[1]], [{"b": {}}], [{"b": -1}, None], {"literal[x]": {"y": -1}}], ids=repr
)
@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_no_message_has_names_of_types_in_place_of_keys(path: tuple[str, ...], value: object):
    try:
        check(content_with(path, value), where="recipe")
    except RecipeError as error:
        said = str(error).replace("literal[x]", "")
        assert not INTERNAL.search(said)
        assert ".".join(path) in said


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("class_weights",), {"sport": -3}, "class_weights.sport: input should be greater than 0, was -3"),
        (("class_weights",), {"literal[": -3}, "class_weights.literal[: input should be greater than 0, was -3"),
        (("class_weights",), {1: -3}, "class_weights.1: input should be greater than 0, was -3"),
        (("class_weights",), [1], "class_weights: input should be 'balanced' or input should be a valid dictionary"),
        (
            ("columns",),
            {"text": [1]},
            "columns.text: input should be a valid string or input should be a valid integer",
        ),
        (("head", "hidden"), [8, 0], "head.hidden.1: input should be greater than or equal to 1, was 0"),
        (("head",), 3, "head: a mapping of keys was expected, was 3"),
        (("train",), 5, "train: input should be a valid string, was 5"),
        (("score_range",), [1], "score_range.1: this key is missing"),
    ],
)
def test_a_wrong_value_is_told_by_its_own_place_alone(path: tuple[str, ...], value: object, said: str):
    assert complaint((*IN_TASK, *path), value) == f"tasks.t.{said}"


def test_both_what_is_wrong_with_a_name_and_with_what_it_has_are_told():
    said = complaint(("tasks",), {"9a": {"kind": "x"}})
    assert said.startswith("tasks.9a: a letter from a to z")
    assert "; tasks.9a.kind: input should be 'classification'" in said


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_a_boolean_is_no_number(path: tuple[str, ...], value: bool):
    expected = f"{'.'.join(path)}: a number was expected, and no boolean, was {str(value).lower()}"
    assert complaint(path, value) == expected


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in HOLD_NUMBERS.items() for value in values], ids=repr
)
def test_a_boolean_among_numbers_is_no_number(path: tuple[str, ...], value: object):
    assert complaint(path, value).startswith(f"{'.'.join(path)}: a number was expected, and no boolean")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("seed",), 3.0),
        (("seed",), "3"),
        (("budget", "max_steps"), 10.0),
        (("budget", "epochs"), 2),
        (("cache", "enabled"), True),
        ((*IN_TASK, "multi_label"), True),
        ((*IN_TASK, "map_labels"), {True: "x", "y": False}),
        ((*IN_TASK, "class_weights"), {1: 2, "a": 0.5}),
        ((*IN_TASK, "columns"), {"text": 2}),
    ],
    ids=repr,
)
def test_other_numbers_and_booleans_are_read_as_before(path: tuple[str, ...], value: object):
    check(content_with(path, value), where="recipe")


@pytest.mark.parametrize("label", ["", " ", "\t"])
def test_a_label_is_not_read_as_an_empty_one(label: str):
    assert "a label was expected, was empty" in complaint((*IN_TASK, "map_labels"), {"unk": label})


def test_a_label_is_read_as_one_without_blanks_around_it():
    recipe = check(content_with((*IN_TASK, "map_labels"), {"unk": " other "}), where="recipe")
    assert [task.map_labels for task in recipe.tasks.values() if task.map_labels] == [{"unk": "other"}]
