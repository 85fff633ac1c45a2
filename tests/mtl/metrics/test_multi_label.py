"""Metrics of sets of labels against scikit-learn, on the texts and labels as it takes them."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_score, recall_score

from mtl.metrics import micro_f1, multi_label_metrics


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gold labels, chosen labels and probabilities of some texts."""
    texts, labels = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    chance = np.random.default_rng(draw(st.integers(0, 999)))
    rate = draw(st.sampled_from([0.0, 0.3, 0.8]))
    scores = chance.integers(0, 6, size=(texts, labels)).astype(np.float32) / 5
    return chance.random((texts, labels)) < rate, scores >= 0.5, scores


@given(cases())
def test_every_metric_is_scikit_learns(case: tuple[np.ndarray, np.ndarray, np.ndarray]):
    gold, found, scores = case
    names = [f"label {i}" for i in range(gold.shape[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = multi_label_metrics(names, gold=gold, found=found, probabilities=scores)
    expected: dict[str, float] = {
        "subset_accuracy": float((gold == found).all(axis=1).mean()),
        "micro_f1": float(f1_score(gold.ravel(), found.ravel(), zero_division=0)),
    }
    occurring = [i for i in range(gold.shape[1]) if (gold | found)[:, i].any()]
    for i in occurring:
        for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
            expected[f"{name}/{names[i]}"] = float(score(gold[:, i], found[:, i], zero_division=0))
    expected["macro_f1"] = float(np.mean([expected[f"f1/{names[i]}"] for i in occurring])) if occurring else 0.0
    ranked = [average_precision_score(gold[:, i], scores[:, i]) for i in range(gold.shape[1]) if gold[:, i].any()]
    if ranked:
        expected["mean_average_precision"] = float(np.mean(ranked))
    assert metrics == pytest.approx(expected)
    assert micro_f1(gold, found) == pytest.approx(expected["micro_f1"])


def test_with_all_labels_occurring_averages_are_those_of_the_whole_matrix():
    chance = np.random.default_rng(0)
    gold, scores = chance.random((40, 5)) < 0.4, chance.random((40, 5)).astype(np.float32)
    found = scores >= 0.5
    metrics = multi_label_metrics(list("abcde"), gold=gold, found=found, probabilities=scores)
    for average in ("micro", "macro"):
        assert metrics[f"{average}_f1"] == pytest.approx(f1_score(gold, found, average=average))
    assert metrics["subset_accuracy"] == pytest.approx(accuracy_score(gold, found))
    assert metrics["mean_average_precision"] == pytest.approx(average_precision_score(gold, scores, average="macro"))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_probability_that_is_not_finite_is_no_error(wrong: float):
    gold = np.array([[True, False], [False, True]])
    scores = np.array([[0.9, wrong], [0.1, 0.8]], dtype=np.float32)
    metrics = multi_label_metrics(["a", "b"], gold=gold, found=gold, probabilities=scores)
    assert np.isnan(metrics["mean_average_precision"]) and metrics["micro_f1"] == 1
