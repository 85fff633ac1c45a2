"""An error's sentence is made of its fields."""

import pickle
from pathlib import Path

import pytest

from mtl import errors
from mtl.errors import DataError, MtlError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MtlError)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "wrong"),
        ({"path": "a/b.csv"}, "a/b.csv: wrong"),
        ({"path": Path("a/b.csv"), "line": 3}, "a/b.csv:3: wrong"),
        ({"path": "b.parquet", "line": "row 3"}, "b.parquet:row 3: wrong"),
        ({"key": "budget.epochs"}, "budget.epochs: wrong"),
        ({"path": "r.yaml", "key": "seed"}, "r.yaml: seed: wrong"),
        ({"path": "r.yaml", "line": 1, "key": "seed"}, "r.yaml:1: seed: wrong"),
    ],
)
def test_a_sentence_says_where_and_then_what(fields, sentence):
    assert str(DataError("wrong", **fields)) == sentence


def test_a_path_can_be_shown_in_another_way():
    assert DataError("wrong", path="/a/b.csv", line=3).sentence(lambda path: Path(path).name) == "b.csv:3: wrong"


@pytest.mark.parametrize("kind", ALL)
def test_an_error_survives_the_way_from_one_process_to_another(kind):
    error = pickle.loads(pickle.dumps(kind("wrong", path="a.csv", line=3, key="x")))
    assert (type(error), str(error)) == (kind, "a.csv:3: x: wrong")
