"""Thresholds of labels, against trying all of them, and probabilities against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import f1_score

from mtl.decoding import best_thresholds, chosen, sigmoid

PROBABILITIES = st.integers(0, 20).map(lambda twentieth: twentieth / 20)
ROWS = st.lists(st.tuples(st.booleans(), PROBABILITIES), min_size=1, max_size=12)


def f1_at(gold: np.ndarray, scores: np.ndarray, threshold: float) -> float:
    return float(f1_score(gold, scores >= threshold, zero_division=0))


@given(ROWS)
def test_no_other_threshold_has_a_higher_f1(rows: list[tuple[bool, float]]):
    gold = np.array([[own] for own, _ in rows])
    scores = np.array([[score] for _, score in rows], dtype=np.float32)
    (found,) = best_thresholds(gold, scores).tolist()
    best = max(f1_at(gold, scores, at) for at in (np.arange(22) - 0.5) / 20)
    assert f1_at(gold, scores, found) == pytest.approx(best)


@given(ROWS)
def test_a_threshold_lies_midway_between_probabilities(rows: list[tuple[bool, float]]):
    gold = np.array([[own] for own, _ in rows])
    scores = np.array([[score] for _, score in rows], dtype=np.float32)
    (found,) = best_thresholds(gold, scores).tolist()
    if not gold.any():
        assert found == 0.5
        return
    values = sorted({0.0, *scores[:, 0].astype(float).tolist()})
    assert found in {0.0, *((low + high) / 2 for low, high in zip(values, values[1:], strict=False))}


def test_of_equally_good_thresholds_the_nearest_to_a_half_is_taken():
    gold = np.array([[True], [False], [True], [False]])
    scores = np.array([[0.9], [0.8], [0.6], [0.2]], dtype=np.float32)
    assert best_thresholds(gold, scores).tolist() == pytest.approx([0.4])


def test_a_label_without_an_example_keeps_its_threshold():
    gold = np.array([[True, False], [False, False]])
    scores = np.array([[0.9, 0.9], [0.2, 0.8]], dtype=np.float32)
    assert best_thresholds(gold, scores, before=(0.1, 0.3)).tolist() == pytest.approx([0.55, 0.3])


def test_a_label_is_chosen_from_its_threshold_on():
    scores = np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float32)
    assert chosen(scores, ()).tolist() == [[True, True], [False, True]]
    assert chosen(scores, (0.25, 0.6)).tolist() == [[True, False], [True, True]]


@given(st.lists(st.floats(-200, 200, width=32), min_size=1, max_size=8))
def test_the_sigmoid_is_that_of_scipy(logits: list[float]):
    values = np.array(logits, dtype=np.float32)
    found = sigmoid(values)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expit(values), rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_probabilities_that_are_not_finite_do_not_count(wrong: float):
    gold = np.array([[True], [False], [True]])
    scores = np.array([[0.8], [0.2], [wrong]], dtype=np.float32)
    assert best_thresholds(gold, scores).tolist() == best_thresholds(gold[:2], scores[:2]).tolist()
    assert best_thresholds(gold, np.full((3, 1), wrong, np.float32), before=[0.3]).tolist() == [0.3]
