import numpy as np
import pytest

from mtl.fitting import FeaturePool, LinearHead
from mtl.fitting.pool import PooledWindows
from mtl.labelling import Order, Reason
from mtl.labelling.choosing import MEASURED_EVERY, Asked, Neighbourhood, chance_order, choose, measured_texts
from mtl.labelling.class_learner import ClassLearner
from mtl.labelling.learner import Signals
from tests.mtl.labelling.specs import spec


class Fixed:
    """A learner whose signals are given."""

    def __init__(self, unsure, rare, *, blank=False):
        self.unsure, self.rare, self.is_blank = np.array(unsure), np.array(rare), blank

    def candidates(self, open_texts):
        return open_texts

    def signals(self, texts):
        return Signals(self.unsure[texts], self.rare[texts])

    def doubt(self, text, *, rare):
        return f"rare {text}" if rare else f"unsure {text}"


VECTORS = np.random.default_rng(0).standard_normal((40, 8)).astype("f4")


ALIKE = Neighbourhood(np.eye(40, dtype="f4"))
"""All texts are equally far from each other."""


def asked(count=40, *, without=(), known=(), turn=0):
    is_open = np.ones(count, dtype=bool)
    is_open[[*without, *known]] = False
    unseen = np.ones(count, dtype=bool)
    unseen[list(without)] = False
    return Asked(is_open, unseen, known, turn)


def chosen(learner, *, order=Order.MIX, near=None, **state):
    near = near or Neighbourhood(VECTORS)
    return choose(learner, near, asked(len(near.density), **state), by_chance=chance_order("id", 40), order=order)


def test_the_text_of_the_highest_product_comes_first_and_the_reason_is_what_stands_out():
    unsure, rare = np.full(40, 0.5), np.full(40, 0.5)
    unsure[7], rare[9] = 0.9, 0.8
    first = chosen(Fixed(unsure, rare), near=ALIKE)
    assert (first.text, first.why.reason, first.why.sentence) == (7, Reason.UNSURE, "unsure 7")
    second = chosen(Fixed(unsure, rare), near=ALIKE, known=[7])
    assert (second.text, second.why.reason, second.why.sentence) == (9, Reason.RARE, "rare 9")
    assert chosen(Fixed(unsure, rare), near=ALIKE, known=[7], without=[9]).text not in (7, 9)


def test_where_all_are_alike_the_reason_is_doubt():
    assert chosen(Fixed(np.ones(40), np.ones(40)), near=ALIKE).why.reason is Reason.UNSURE


def test_one_card_in_five_follows_the_order_by_chance_and_is_the_same_for_all():
    learner, by_chance = Fixed(np.arange(40) / 40, np.ones(40)), chance_order("id", 40)
    reasons = [chosen(learner, turn=turn).why.reason for turn in range(20)]
    assert [i % MEASURED_EVERY for i, one in enumerate(reasons) if one is Reason.MEASURED] == [4] * 4
    first = int(by_chance[0])
    assert chosen(learner, turn=4, known=[first]).text == first  # somebody else has answered it
    assert chosen(learner, turn=4, without=[first]).text == int(by_chance[1])
    assert chosen(learner, order=Order.RANDOM, turn=0, known=[first]).text == int(by_chance[1])


def test_the_order_by_chance_is_one_of_a_project_and_has_every_text_once():
    assert sorted(chance_order("a", 40)) == list(range(40))
    assert (chance_order("a", 40) == chance_order("a", 40)).all()
    assert (chance_order("a", 40) != chance_order("b", 40)).any()


def test_the_sample_by_chance_reaches_to_the_furthest_text_that_was_shown_by_chance():
    by_chance = np.array([3, 1, 4, 0, 2])
    every = range(5)
    assert measured_texts(by_chance, set(), every) == []
    assert measured_texts(by_chance, {4}, every) == [3, 1, 4]
    assert measured_texts(by_chance, {2, 3, 99}, every) == [3, 1, 4, 0, 2]
    assert measured_texts(by_chance, {2}, {3, 1, 0, 2}) == [3, 1]  # what lies behind 4 was answered as it was chosen
    assert measured_texts(by_chance, {2}, {1, 4, 0, 2}) == []


def test_a_model_that_knows_nothing_begins_where_many_texts_are_and_goes_where_none_is_known():
    rng = np.random.default_rng(1)
    cluster = rng.standard_normal(8) * 3
    vectors = np.concatenate([rng.standard_normal((20, 8)) * 3, cluster + 0.1 * rng.standard_normal((20, 8))])
    near = Neighbourhood(vectors.astype("f4"))
    blank = Fixed(np.ones(40), np.ones(40), blank=True)
    first = chosen(blank, near=near)
    assert first.text >= 20 and first.why.reason is Reason.DENSE
    assert chosen(blank, near=near, order=Order.DENSE).text == first.text
    assert chosen(blank, near=near, order=Order.UNSURE, known=[first.text]).text < 20
    far = chosen(blank, near=near, order=Order.DIVERSE, known=[first.text])
    assert far.text < 20 and far.why.reason is Reason.DIVERSE


@pytest.mark.parametrize("compared", [2_000, 25])
def test_density_and_novelty_are_those_of_all_pairs(compared, monkeypatch):
    monkeypatch.setattr("mtl.labelling.choosing._COMPARED", compared)
    monkeypatch.setattr("mtl.labelling.choosing._BLOCK", 7)
    near = Neighbourhood(VECTORS)
    away = VECTORS - VECTORS.mean(axis=0)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    cosines = away @ away.T
    if compared > 40:
        np.fill_diagonal(cosines, -1)
        np.testing.assert_allclose(near.density, np.maximum(np.sort(cosines)[:, -20:].mean(1), 0.01), atol=1e-5)
    np.fill_diagonal(cosines, 1)
    assert (near.density >= 0.01).all() and (near.density < 1).all()
    for known in ([3, 5], [3, 5, 8], [8], []):
        expected = 1 - np.maximum(cosines[:, known].max(axis=1), 0) if known else np.ones(40)
        np.testing.assert_allclose(near.novelty(known), expected, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_texts_have_an_order_too(count):
    near = Neighbourhood(VECTORS[:count])
    learner, by_chance = Fixed([1.0] * count, [1.0] * count), np.arange(count)
    found = choose(learner, near, asked(count), by_chance=by_chance, order=Order.MIX)
    assert found.text in range(count)
    assert choose(learner, near, asked(count, known=range(count)), by_chance=by_chance, order=Order.MIX) is None


def test_sentences_name_the_two_labels_that_are_close(engine, monkeypatch):
    rng = np.random.default_rng(0)
    pool = FeaturePool(("",) * 40, PooledWindows(VECTORS, np.arange(41), np.ones(40, "f4")))
    head = LinearHead(("sports", "travel"), rng.standard_normal((8, 2)).astype("f4"), np.zeros(2, "f4"))
    monkeypatch.setattr("mtl.labelling.class_learner.zero_shot_head", lambda *_: head)
    learner = ClassLearner(engine, pool, spec("classes", "sports", "travel"))
    found = chosen(learner, order=Order.UNSURE)
    probabilities = head.probabilities(pool)
    assert found.text == np.abs(probabilities[:, 0] - probabilities[:, 1]).argmin()
    first = head.labels[probabilities[found.text].argmax()]
    other = {"sports": "travel", "travel": "sports"}[first]
    assert found.why.sentence == f"The model hesitates between {first} and {other}."
