"""Paths as users write them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from demo.training import architecture
from mtl.errors import MtlError, RecipeError
from mtl.inference.source import find_model
from mtl.recipe import parse
from mtl.user_path import user_path

IMPOSSIBLE = {
    "a null character": "a\0b",
    "a long name": "a" * 300,
    "a long path": "ab/" * 2000,
    "half a sign": "\ud800",
}
PLACES: dict[str, Callable[[str], object]] = {
    "train": lambda path: {"tasks": {"t": {"kind": "classification", "train": [path]}}},
    "backbone": lambda path: {"backbone": path, "tasks": {"t": {"kind": "classification"}}},
    "data_root": lambda path: {"data_root": path, "tasks": {"t": {"kind": "classification"}}},
}


def test_a_home_folder_is_meant_by_its_sign_and_a_stranger_is_a_name():
    assert user_path("~/x") == Path.home() / "x"
    assert user_path("~nobody-has-this-name/x") == Path("~nobody-has-this-name/x")


@pytest.mark.parametrize("path", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("place", PLACES)
def test_a_path_that_nothing_can_have_is_refused_with_its_key(tmp_path, place: str, path: str):
    with pytest.raises(RecipeError) as refused:
        parse(PLACES[place](path), folder=tmp_path, where="recipe.yaml")
    assert place in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("place", ["train", "data_root"])
def test_a_home_of_nobody_is_a_place_where_nothing_is(tmp_path, place: str):
    with pytest.raises(RecipeError, match="existing"):
        parse(PLACES[place]("~nobody-has-this-name/x.csv"), folder=tmp_path)


@pytest.mark.parametrize("path", ["~nobody-has-this-name", *IMPOSSIBLE.values()], ids=["nobody", *IMPOSSIBLE])
def test_as_a_model_they_are_one_sentence_and_as_a_backbone_of_the_page_unknown(path: str):
    with pytest.raises(MtlError):
        find_model(path)
    assert architecture.of(path) is None
