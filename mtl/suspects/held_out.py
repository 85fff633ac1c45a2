"""Probabilities of every example by heads that did not see it: K-fold cross-validation on frozen features."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from mtl.decoding.probabilities import Floats, softmax
from mtl.suspects.features import WordFeatures
from mtl.text.batching import Integers

FOLDS = 5
_C = 0.01
"""Strong regularisation: of 0.003 to 0.3 it found most wrong labels (benchmarks/suspects.py), for it fits fewest."""
_ITERATIONS = 100


def folds(texts: Sequence[str], classes: Integers, *, seed: int) -> Integers:
    """The fold `(N,)` of each example: equal texts share one, and the examples of a class are spread over all."""
    first: dict[str, int] = {}
    at = np.array([first.setdefault(text, i) for i, text in enumerate(texts)], dtype=np.int64)
    distinct = np.random.default_rng(seed).permutation(np.unique(at))
    ordered = distinct[np.argsort(classes[distinct], kind="stable")]
    fold = np.zeros(len(texts), dtype=np.int64)
    fold[ordered] = np.arange(len(ordered)) % FOLDS
    found: Integers = fold[at]
    return found


def class_probabilities(features: Floats, given: Integers, fold: Integers, *, count: int) -> Floats:
    """`(N, C)` of `count` classes, by a logistic regression for each fold; a class that it did not see has 0."""
    found = np.zeros((len(given), count), dtype=np.float32)
    for train, held_out in _splits(fold):
        seen = np.unique(given[train])
        if len(seen) == 1:
            found[held_out, seen[0]] = 1.0
            continue
        model = LogisticRegression(C=_C, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # close enough to rank by
            warnings.filterwarnings("ignore", "The number of unique classes")
            model.fit(features[train], given[train])
        found[np.ix_(held_out, model.classes_)] = model.predict_proba(features[held_out])
    return found


def tag_probabilities(words: WordFeatures, given: Integers, fold: Integers, *, count: int) -> Floats:
    """`(W, L)` of `count` tags, by a logistic regression for each fold that reads a word and its two neighbours.

    Args:
        words: of the texts.
        given: the tag `(W,)` of each word.
        fold: `(N,)` of each text.
        count: L.
    """
    found = np.zeros((len(given), count), dtype=np.float32)
    around = _around(words.counts)
    for train, held_out in _splits(np.repeat(fold, words.counts)):
        regression = _TagRegression(words.values, around, given, train, count)
        start = np.zeros((words.values.shape[1] + 1) * 3 * count)
        best = minimize(regression.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
        found[held_out] = regression.probabilities(best.x)[held_out]
    return found


@dataclass(frozen=True)
class _TagRegression:
    """Logistic regression on the states of three words, without a copy of the states for each of the three.

    scikit-learn would need `(W, 3 H)` in memory. A weight `(H + 1, 3 L)` holds those of the word before, the word and
    the word after, the biases in its last row.
    """

    values: Floats
    around: Integers
    given: Integers
    train: Integers
    count: int

    def probabilities(self, weights: NDArray[np.float64]) -> Floats:
        """`(W, L)`."""
        weight = weights.reshape(-1, 3 * self.count).astype(np.float32)
        scores = self.values @ weight[:-1] + weight[-1]
        scores = np.concatenate([scores, np.zeros_like(scores[:1])]).reshape(-1, 3, self.count)
        return softmax(sum(scores[self.around[:, side], side] for side in range(3)))

    def loss(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """`_C` times the losses of the words that train, with half the squared weights but for biases; its gradient."""
        found = self.probabilities(weights)
        own = found[self.train, self.given[self.train]]
        slope = np.zeros_like(found)
        slope[self.train] = found[self.train]
        slope[self.train, self.given[self.train]] -= 1
        each = np.zeros((len(found) + 1, 3, self.count), dtype=np.float32)
        for side in range(3):
            each[self.around[:, side], side] = slope
        flat = each[:-1].reshape(len(found), -1)
        free = np.concatenate([self.values.T @ flat, flat.sum(axis=0, keepdims=True)])
        free[-1, : self.count] = free[-1, 2 * self.count :] = 0.0  # one bias, not one for each of the three words
        kept = weights.reshape(free.shape).copy()
        kept[-1] = 0.0  # a penalty on biases would say that all tags are equally common
        value = -_C * float(np.log(np.maximum(own, 1e-30)).sum(dtype=np.float64)) + 0.5 * float((kept**2).sum())
        return value, (_C * free + kept).ravel()


def _around(counts: Integers) -> Integers:
    """`(W, 3)`: the word before, the word, and the word after in the same text; W where there is none."""
    total = int(counts.sum())
    at = np.arange(total)
    text = np.repeat(np.arange(len(counts)), counts)
    same = np.concatenate([text[1:] == text[:-1], [False]])[:total]
    after = np.where(same, at + 1, total)
    before = np.where(np.concatenate([[False], same[:-1]])[:total], at - 1, total)
    return np.stack([before, at, after], axis=1)


def _splits(fold: Integers) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The rows that train and those that are held out, of each fold that holds any."""
    for number in range(FOLDS):
        train, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(train) and len(held_out):
            yield train, held_out
