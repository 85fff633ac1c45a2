"""Probabilities of every example by heads that did not see it: K-fold cross-validation on frozen features."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import nn

from mtl.decoding.probabilities import Floats
from mtl.suspects.features import WordFeatures
from mtl.text.batching import Integers

FOLDS = 5
_C = 0.01
"""Strong regularisation: of 0.003 to 0.3 it found most wrong labels (benchmarks/suspects.py), for it fits fewest."""
_EPOCHS = 4
_FEWEST_STEPS = 400  # of a head for tags, where the data are few
_BATCH = 1024
_LR = 1e-2
_WEIGHT_DECAY = 1e-2


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
            model.fit(features[train], given[train])
        found[np.ix_(held_out, model.classes_)] = model.predict_proba(features[held_out])
    return found


def tag_probabilities(words: WordFeatures, given: Integers, fold: Integers, *, count: int, seed: int) -> Floats:
    """`(W, L)` of `count` tags, by a linear head for each fold that reads each word and its two neighbours.

    Args:
        words: of the texts.
        given: the tag `(W,)` of each word.
        fold: `(N,)` of each text.
        count: L.
        seed: of initial weights and order.
    """
    found = np.zeros((len(given), count), dtype=np.float32)
    values = torch.from_numpy(np.concatenate([words.values, np.zeros_like(words.values[:1])]))
    around = torch.from_numpy(_around(words.counts))
    for train, held_out in _splits(np.repeat(fold, words.counts)):
        head = _tag_head(values, around, torch.from_numpy(given), torch.from_numpy(train), (count, seed))
        with torch.inference_mode():
            for rows in torch.split(torch.from_numpy(held_out), _BATCH):
                found[rows.numpy()] = head(values[around[rows]].flatten(1)).softmax(dim=1).numpy()
    return found


def _tag_head(
    values: torch.Tensor, around: torch.Tensor, given: torch.Tensor, train: torch.Tensor, shape: tuple[int, int]
) -> nn.Linear:
    count, seed = shape
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Linear(3 * values.shape[1], count)
        optimizer = torch.optim.AdamW(head.parameters(), lr=_LR, weight_decay=_WEIGHT_DECAY)
        batches = -(-len(train) // _BATCH)
        epochs = max(_EPOCHS, -(-_FEWEST_STEPS // batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LR, total_steps=epochs * batches)
        for _ in range(epochs):
            for rows in torch.split(train[torch.randperm(len(train))], _BATCH):
                loss = nn.functional.cross_entropy(head(values[around[rows]].flatten(1)), given[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
    return head


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
