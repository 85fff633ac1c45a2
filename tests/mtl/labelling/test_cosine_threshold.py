import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mtl.labelling.cosine_threshold import Spread, fit_threshold

RNG = np.random.default_rng(0)


def test_before_any_answer_the_threshold_is_the_mean_of_all_pairs():
    found = fit_threshold(np.empty(0, "f4"), np.empty(0, bool), Spread(0.6, 0.1))
    assert found.at == pytest.approx(0.6, abs=1e-4)
    assert found.same(np.array([0.6, 0.9, 0.3], "f4")) == pytest.approx([0.5, 0.95, 0.05], abs=0.01)


def test_many_answers_give_what_a_logistic_regression_gives():
    cosines = RNG.uniform(0, 1, 4_000).astype("f4")
    is_same = RNG.uniform(size=4_000) < 1 / (1 + np.exp(-12 * (cosines - 0.7)))
    found = fit_threshold(cosines, is_same, Spread.of(cosines))
    other = LogisticRegression(C=1e6).fit(cosines[:, None], is_same)
    assert found.at == pytest.approx(-other.intercept_[0] / other.coef_[0, 0], abs=0.01)
    assert found.slope == pytest.approx(other.coef_[0, 0], rel=0.05)


@pytest.mark.parametrize("is_same", [True, False])
def test_answers_of_one_kind_move_the_threshold_away_from_them_within_bounds(is_same):
    cosines = np.full(30, 0.6, "f4")
    found = fit_threshold(cosines, np.full(30, is_same), Spread(0.6, 0.1))
    assert -1 <= found.at <= 1 and (found.at < 0.6) == is_same
    assert (found.same(cosines) > 0.5).all() == is_same


def test_a_higher_cosine_never_speaks_against_the_same_meaning():
    cosines = np.linspace(0.2, 0.9, 40, dtype="f4")
    found = fit_threshold(cosines, cosines < 0.5, Spread.of(cosines))
    assert (np.diff(found.same(cosines)) >= 0).all()


def test_equal_cosines_and_none_have_a_spread():
    assert Spread.of(np.empty(0, "f4")).deviation == 0.1
    assert fit_threshold(np.ones(3, "f4"), np.array([True, False, True]), Spread.of(np.ones(3, "f4"))).at <= 1
