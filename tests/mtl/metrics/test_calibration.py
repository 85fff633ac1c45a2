"""Metrics of probabilities, against scikit-learn and against counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from mtl.metrics.calibration import (
    BINS,
    POINTS,
    ReliabilityBin,
    calibration_error,
    class_brier,
    error_by_chance,
    event_brier,
    reliability,
    risk_coverage,
)

EVENTS = st.lists(st.tuples(st.integers(0, 60).map(lambda n: n / 60), st.booleans()), min_size=1, max_size=40)


def split(events: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in events]), np.array([came for _, came in events])


@given(EVENTS)
def test_a_reliability_diagram_is_scikit_learns(events: list[tuple[float, bool]]):
    probabilities, came = split(events)
    shares, means = calibration_curve([*came.tolist(), True, False], [*probabilities, 1.0, 1.0], n_bins=BINS)
    found = reliability(np.append(probabilities, [1.0, 1.0]), np.append(came, [True, False]))
    assert [one.share for one in found] == pytest.approx(shares.tolist())
    assert [one.probability for one in found] == pytest.approx(means.tolist())
    assert sum(one.count for one in found) == len(events) + 2


@given(EVENTS)
def test_the_error_is_the_mean_difference_over_all_events(events: list[tuple[float, bool]]):
    probabilities, came = split(events)
    total = 0.0
    for i in range(BINS):
        inside = (probabilities > i / BINS) & (probabilities <= (i + 1) / BINS) | ((i == 0) & (probabilities == 0))
        total += abs(probabilities[inside].sum() - came[inside].sum())
    assert calibration_error(probabilities, came) == pytest.approx(total / len(events), abs=0.5 / len(events))
    assert event_brier(probabilities, came) == pytest.approx(np.mean([(p - y) ** 2 for p, y in events]))


# Draws say something where both outcomes come, or one is certain.
LIKELY = st.floats(0.02, 0.98) | st.sampled_from([0.0, 1.0])


@given(st.lists(st.tuples(LIKELY, st.integers(1, 30)), min_size=1, max_size=5), st.integers(0, 99))
def test_the_error_by_chance_is_that_of_drawn_events(groups: list[tuple[float, int]], seed: int):
    bins = [ReliabilityBin(probability, 0.0, count) for probability, count in groups]
    chance, total = np.random.default_rng(seed), sum(count for _, count in groups)
    drawn = sum(abs(chance.binomial(n, p, size=4000) - n * p) for p, n in groups) / total
    assert error_by_chance(bins) == pytest.approx(drawn.mean(), abs=5 * drawn.std() / 4000**0.5 + 1e-9)


@pytest.mark.parametrize("sure", [0.0, 1.0, 1.0 + 2**-52])
def test_certain_events_have_no_error_by_chance(sure: float):
    assert error_by_chance([ReliabilityBin(sure, sure, 7)]) == pytest.approx(0, abs=1e-12)


def test_numbers_that_are_none_have_no_error():
    assert np.isnan(calibration_error(np.array([0.5, np.nan]), np.array([True, False])))


@given(st.integers(0, 99), st.integers(2, 5), st.integers(5, 30))
def test_a_brier_score_is_half_of_scikit_learns_over_all_classes(seed: int, classes: int, rows: int):
    chance = np.random.default_rng(seed)
    probabilities, right = chance.dirichlet(np.ones(classes), size=rows), chance.integers(0, classes, rows)
    expected = brier_score_loss(right, probabilities, labels=range(classes), scale_by_half=True)
    assert class_brier(probabilities, right) == pytest.approx(expected)
    unknown = class_brier(probabilities, np.full(rows, -1))
    assert unknown == pytest.approx(((probabilities**2).sum() / rows + 1) / 2)


@given(EVENTS)
def test_risk_is_the_share_of_wrong_ones_above_each_confidence(events: list[tuple[float, bool]]):
    confidence, right = split(events)
    found = risk_coverage(confidence, right)
    limits = sorted(set(confidence.tolist()), reverse=True)
    taken = [confidence >= limit for limit in limits]
    assert [one.coverage for one in found] == pytest.approx([kept.mean() for kept in taken])
    assert [one.risk for one in found] == pytest.approx([(~right[kept]).mean() for kept in taken])


def test_a_long_curve_keeps_its_ends_and_few_points():
    chance = np.random.default_rng(0)
    confidence, right = chance.random(5000), chance.random(5000) < 0.8
    found = risk_coverage(confidence, right)
    assert len(found) == POINTS
    assert found[0].coverage == 1 / 5000
    assert (found[-1].coverage, found[-1].risk) == (1.0, pytest.approx((~right).mean()))
