"""Heads on static vectors, held against scikit-learn."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from mtl.decoding import sigmoid, softmax
from mtl.exports.static.heads import Taught, fit

DRAW = np.random.default_rng(0)
VECTORS = DRAW.normal(size=(60, 5)).astype(np.float32)
CLASSES = DRAW.integers(0, 3, 60)
WEIGHTS = np.ones(60, np.float32)


def test_certain_classes_give_the_probabilities_of_logistic_regression():
    head = fit(Taught(VECTORS, np.eye(3, dtype=np.float32)[CLASSES], WEIGHTS), multi_label=False)
    expected = LogisticRegression(max_iter=1000).fit(VECTORS, CLASSES).predict_proba(VECTORS)
    np.testing.assert_allclose(softmax(head(VECTORS)), expected, rtol=0, atol=1e-3)


def test_each_of_several_labels_is_a_question_of_its_own():
    targets = (DRAW.random((60, 3)) < 0.4).astype(np.float32)
    head = fit(Taught(VECTORS, targets, WEIGHTS), multi_label=True)
    for found, own in zip(sigmoid(head(VECTORS)).T, targets.T, strict=True):
        expected = LogisticRegression(max_iter=1000).fit(VECTORS, own).predict_proba(VECTORS)[:, 1]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_a_row_may_be_of_several_classes_in_part():
    soft = DRAW.dirichlet(np.ones(3), 60).astype(np.float32)
    head = fit(Taught(VECTORS, soft, WEIGHTS), multi_label=False)
    rows, classes = np.repeat(VECTORS, 3, axis=0), np.tile(np.arange(3), 60)
    expected = LogisticRegression(max_iter=1000).fit(rows, classes, sample_weight=soft.ravel()).predict_proba(VECTORS)
    np.testing.assert_allclose(softmax(head(VECTORS)), expected, rtol=0, atol=1e-3)


def test_a_class_without_an_example_is_never_found():
    for known in ([0, 2], [1]):
        classes = np.array(known)[CLASSES % len(known)]
        head = fit(Taught(VECTORS, np.eye(3, dtype=np.float32)[classes], WEIGHTS), multi_label=False)
        assert set(head(VECTORS).argmax(axis=1)) <= set(known)
        assert softmax(head(VECTORS))[:, [c for c in range(3) if c not in known]].max() < 1e-6
