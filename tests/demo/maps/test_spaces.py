import numpy as np
import pytest

from demo.maps import spaces
from demo.maps.spaces import (
    NO_COMPARISON,
    OWN,
    Source,
    comparison_choices,
    in_pooling,
    mean_cosine,
    measured,
    purity,
    second_space,
)
from mtl.errors import InputError
from mtl.recipe import Pooling
from tests.demo.answers.test_embedded import result
from tests.demo.fakes import FakeModel, analysis


class FakeEngines:
    def get(self, key, owner):
        return FakeModel()

    def location(self, key, owner):
        return "somewhere"

    def choices(self, owner):
        return [("starter", "starter"), ("my run", "run:1")]


class FakePoolings:
    def encode(self, texts):
        return {p: np.stack([analysis(f"{p} {t}").embedding for t in texts]) for p in Pooling}


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(spaces, "_poolings", lambda name, _state: FakePoolings())
    return Source(FakeEngines(), "starter", "")


def test_other_models_and_every_pooling_can_stand_beside_a_map():
    offered = comparison_choices([("my run", "run:1")])
    assert offered[:2] == [(NO_COMPARISON, NO_COMPARISON), ("my run", "run:1")]
    assert len(offered) == 2 + len(Pooling)


def test_another_model_stands_beside_with_its_name_and_what_moved(source):
    some = result(12)
    found = second_space(source, some, "run:1")
    assert found.title == "my run"
    assert found.stamp == some.stamp
    np.testing.assert_array_equal(found.vectors, some.vectors)
    assert found.movement.overlap == 1.0


def test_another_pooling_stands_beside(source):
    found = second_space(source, result(12), "pooling:max")
    assert found.title == "max pooling"
    assert found.movement.overlap < 1.0


def test_the_own_pooling_is_what_the_engine_gives(source):
    np.testing.assert_array_equal(in_pooling(source, ["a"], OWN)[0], analysis("a").embedding)


def test_too_many_sentences_are_not_pooled_again(source, monkeypatch):
    monkeypatch.setattr(spaces, "LIMIT", 3)
    with pytest.raises(InputError, match="At most 3 sentences were expected for poolings, were 4"):
        measured(source, result(4))


def test_all_poolings_are_measured_with_labels_where_there_are_any(source):
    found = measured(source, result(6, ("a", "b") * 3))
    assert set(found) == set(Pooling)
    assert all(row["purity"] is not None for row in found.values())
    assert all(row["purity"] is None for row in measured(source, result(6)).values())


def test_mean_cosine_and_purity_equal_their_definition():
    some = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert mean_cosine(some) == pytest.approx(1 / 3)
    assert purity(some, ["a", "a", "b"]) == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert mean_cosine(some[:1]) is None
    assert purity(some[:1], ["a"]) is None
