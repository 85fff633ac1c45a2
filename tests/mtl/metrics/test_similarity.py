"""Correlations against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.metrics import similarity_metrics

NUMBERS = st.lists(st.integers(-4, 4).map(float), min_size=2, max_size=12)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def ranks(values: list[float]) -> np.ndarray:
    return np.array([np.mean([i + 1 for i, v in enumerate(sorted(values)) if v == value]) for value in values])


@given(st.data())
def test_correlations_are_those_of_values_and_of_mean_ranks(data: st.DataObject):
    scores = data.draw(NUMBERS.filter(lambda v: len(set(v)) > 1))
    cosines = data.draw(st.lists(st.integers(-4, 4).map(float), min_size=len(scores), max_size=len(scores)))
    metrics = similarity_metrics(scores, cosines)
    if len(set(cosines)) == 1:
        assert metrics == {"spearman_cosine": 0, "pearson_cosine": 0}
    else:
        assert metrics["pearson_cosine"] == pytest.approx(pearson(np.array(scores), np.array(cosines)), abs=1e-9)
        assert metrics["spearman_cosine"] == pytest.approx(pearson(ranks(scores), ranks(cosines)), abs=1e-9)


@pytest.mark.parametrize(("scores", "cosines"), [([], []), ([0.5], [0.1]), ([1.0, 1.0], [0.1, 0.2])])
def test_too_few_or_constant_scores_give_zero(scores: list[float], cosines: list[float]):
    assert similarity_metrics(scores, cosines) == {"spearman_cosine": 0, "pearson_cosine": 0}
