"""The names that people script against."""

import importlib

import pytest

import mtl


@pytest.mark.parametrize("name", mtl.__all__)
def test_every_public_name_is_there(name: str):
    assert getattr(mtl, name) is not None


@pytest.mark.parametrize("name", ["Engine", "Recipe", "train"])
def test_the_names_of_the_design_are_public(name: str):
    assert name in mtl.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mtl' has no attribute 'nothing'"):
        mtl.nothing  # noqa: B018


@pytest.mark.parametrize(
    "package",
    [
        "cache",
        "checkpoint",
        "comparing",
        "data",
        "encoder",
        "heads",
        "inference",
        "metrics",
        "planning",
        "recipe",
        "runs",
        "training",
    ],
)
def test_every_package_exports_what_it_names(package: str):
    module = importlib.import_module(f"mtl.{package}")
    assert all(hasattr(module, name) for name in module.__all__)
