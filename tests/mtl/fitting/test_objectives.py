import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.linear_model import LogisticRegression

from mtl.fitting.objectives import LogisticLoss, Objective, Scaling, SoftmaxLoss
from mtl.fitting.solving import Stopping, solve

EXACT = Stopping(iterations=2000, gradient=1e-7, value=1e-15)


def problem(kind, *, seed=0, rows=60, size=5, classes=3, **options):
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal((rows, size)) * rng.uniform(0.5, 4, size) + rng.uniform(-3, 3, size)).astype("f4")
    weights = rng.uniform(0.2, 2, rows).astype("f4")
    gold = rng.integers(0, classes, rows)
    labels = (rng.random((rows, classes)) < 0.4).astype("f4")
    loss = SoftmaxLoss(gold, weights) if kind == "softmax" else LogisticLoss(labels, weights)
    return Objective(values, loss, Scaling.of(values), 2.0, classes, **options)


@pytest.mark.parametrize("kind", ["softmax", "logistic"])
@pytest.mark.parametrize("centred", [False, True])
def test_the_gradient_is_that_of_the_value(kind, centred):
    rng = np.random.default_rng(1)
    centre = rng.standard_normal((6, 3)) if centred else None
    objective = problem(kind, centre=centre)
    point = rng.standard_normal(objective.shape).ravel()
    value, gradient = objective(point)
    wrong = check_grad(lambda w: objective(w)[0], lambda w: objective(w)[1], point, epsilon=1e-3)
    assert np.isfinite(value) and wrong < 2e-3 * np.linalg.norm(gradient)


@pytest.mark.parametrize("kind", ["softmax", "logistic"])
def test_features_in_blocks_and_in_half_precision_give_the_same(kind, monkeypatch):
    objective = problem(kind)
    half = Objective(objective.values.astype("f2"), objective.loss, objective.scaling, 2.0, 3)
    point = np.random.default_rng(2).standard_normal(objective.shape).ravel()
    whole = objective(point)
    monkeypatch.setattr("mtl.fitting.objectives._BLOCK", 7 * objective.shape[0])
    for other, tolerance in ((objective, 1e-5), (half, 1e-2)):
        value, gradient = other(point)
        assert value == pytest.approx(whole[0], rel=tolerance)
        np.testing.assert_allclose(gradient, whole[1], atol=tolerance)


def test_the_optimum_is_that_of_scikit_learn():
    objective = problem("softmax", bias_l2=2.0)
    scaled = (objective.values - objective.scaling.mean) * objective.scaling.factor
    ones = np.concatenate([scaled, np.ones((len(scaled), 1))], axis=1)  # the biases are penalised as the weights are
    reference = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-8, max_iter=5000)
    reference.fit(ones, objective.loss.classes, sample_weight=objective.loss.weights)
    found = solve(objective, stopping=EXACT)
    np.testing.assert_allclose(found.weight, reference.coef_.T, atol=2e-3)


def test_each_label_of_a_multi_label_task_is_a_logistic_regression_by_itself():
    objective = problem("logistic", bias_l2=2.0)
    scaled = (objective.values - objective.scaling.mean) * objective.scaling.factor
    ones = np.concatenate([scaled, np.ones((len(scaled), 1))], axis=1)
    found = solve(objective, stopping=EXACT)
    for column in range(3):
        reference = LogisticRegression(C=0.5, fit_intercept=False, tol=1e-8, max_iter=5000)
        reference.fit(ones, objective.loss.labels[:, column], sample_weight=objective.loss.weights)
        np.testing.assert_allclose(found.weight[:, column], reference.coef_[0], atol=2e-3)


@pytest.mark.parametrize("kind", ["softmax", "logistic"])
def test_any_start_ends_at_the_same_optimum(kind):
    objective = problem(kind)
    cold = solve(objective, stopping=EXACT)
    for seed in range(3):
        start = np.random.default_rng(seed).standard_normal(objective.shape) * 3
        assert solve(objective, start, stopping=EXACT).value == pytest.approx(cold.value, rel=1e-5)
    again = solve(objective, cold.weight)
    assert again.iterations <= 2


@pytest.mark.parametrize("alike", [False, True])
def test_a_weight_folded_and_unfolded_is_itself(alike):
    objective = problem("softmax")
    scaling = Scaling.of(objective.values, alike=alike)
    weight = np.random.default_rng(3).standard_normal(objective.shape)
    folded, bias = scaling.folded(weight)
    np.testing.assert_allclose(scaling.unfolded(folded, bias), weight, atol=1e-4)
    scaled = (objective.values - scaling.mean) * scaling.factor
    np.testing.assert_allclose(objective.values @ folded + bias, scaled @ weight[:-1] + weight[-1], atol=1e-3)


def test_a_number_that_never_changes_has_no_say():
    values = np.random.default_rng(4).standard_normal((50, 4)).astype("f4")
    values[:, 2] = 7
    scaling = Scaling.of(values)
    assert np.isfinite(scaling.factor).all()
    gold = (values[:, 0] > 0).astype(np.int64)
    found = solve(Objective(values, SoftmaxLoss(gold, np.ones(50, "f4")), scaling, 1.0, 2))
    assert np.abs(found.weight[2]).max() < 1e-3
