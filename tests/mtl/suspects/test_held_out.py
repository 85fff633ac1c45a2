from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from mtl.suspects.features import WordFeatures
from mtl.suspects.held_out import _C, FOLDS, class_probabilities, folds, tag_probabilities


@pytest.mark.parametrize("seed", range(5))
def test_equal_texts_share_a_fold_and_classes_are_spread(seed):
    draw = np.random.default_rng(seed)
    texts = [f"text {draw.integers(60)}" for _ in range(100)]
    classes = np.array([sum(map(ord, text)) % 3 for text in texts])
    found = folds(texts, classes, seed=seed)
    assert all(len({f for f, t in zip(found, texts, strict=True) if t == text}) == 1 for text in texts)
    for own in range(3):
        counts = Counter(
            dict(
                zip((t for t, c in zip(texts, classes, strict=True) if c == own), found[classes == own], strict=True)
            ).values()
        )
        assert max(counts.values()) - min(counts.get(fold, 0) for fold in range(FOLDS)) <= 1


def test_classes_are_judged_by_scikit_learn_on_the_other_folds():
    draw = np.random.default_rng(0)
    features = draw.normal(size=(60, 8)).astype(np.float32)
    given, fold = draw.integers(0, 3, 60), np.arange(60) % FOLDS
    found = class_probabilities(features, given, fold, count=4)
    model = LogisticRegression(C=_C, max_iter=300)
    expected = cross_val_predict(model, features, given, cv=PredefinedSplit(fold), method="predict_proba")
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-5)
    assert not found[:, 3].any()


def test_a_class_that_stands_alone_in_the_other_folds_has_all_probability():
    found = class_probabilities(np.ones((5, 2), np.float32), np.array([1, 1, 1, 1, 0]), np.arange(5), count=2)
    assert found[4].tolist() == [0.0, 1.0]


def test_tags_are_judged_by_the_regression_of_scikit_learn_on_a_word_and_its_neighbours():
    draw = np.random.default_rng(1)
    counts = np.array([4, 0, 1, 7, 3, 5, 6, 4, 8, 2])
    values = draw.normal(size=(counts.sum(), 6)).astype(np.float32)
    given, fold = draw.choice(3, size=len(values), p=[0.7, 0.2, 0.1]), np.arange(len(counts)) % FOLDS
    found = tag_probabilities(WordFeatures(values, counts), given, fold, count=3)
    wide = []
    for text in np.split(values, np.cumsum(counts)[:-1]):
        edge = np.zeros((1, 6))
        padded = np.concatenate([edge, text, edge])
        wide.append(np.concatenate([padded[:-2], text, padded[2:]], axis=1))
    features, own = np.concatenate(wide), np.repeat(fold, counts)
    for number in range(FOLDS):
        model = LogisticRegression(C=_C, max_iter=1000, tol=1e-8).fit(features[own != number], given[own != number])
        expected = model.predict_proba(features[own == number])
        np.testing.assert_allclose(found[own == number], expected, atol=0.02)
