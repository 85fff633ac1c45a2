"""From probabilities of labels to sets of labels: a threshold for each label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.labels import DEFAULT_THRESHOLD

Thresholds = NDArray[np.float64]


def chosen(probabilities: Floats, thresholds: Sequence[float]) -> NDArray[np.bool_]:
    """`(N, C)`: whether the probability `(N, C)` of a label reaches its threshold; empty thresholds are 0.5 each."""
    limits = np.array(thresholds or [DEFAULT_THRESHOLD] * probabilities.shape[1], dtype=np.float64)
    reached: NDArray[np.bool_] = probabilities >= limits
    return reached


def best_thresholds(gold: NDArray[np.bool_], probabilities: Floats, *, before: Sequence[float] = ()) -> Thresholds:
    """The threshold `(C,)` of each label with the highest F1 of that label.

    It lies midway between two probabilities that occur, so that a backend that rounds otherwise chooses the same
    labels; of equally good ones it is the nearest to 0.5.

    Args:
        gold: `(N, C)`.
        probabilities: `(N, C)`, 0 to 1; those that are not finite do not count.
        before: the thresholds until now, which labels without an example keep; empty for 0.5 each.
    """
    kept = before or [DEFAULT_THRESHOLD] * gold.shape[1]
    found = []
    for own, scores, last in zip(gold.T, probabilities.T.astype(np.float64), kept, strict=True):
        is_finite = np.isfinite(scores)
        found.append(_best(own[is_finite], scores[is_finite]) if own[is_finite].any() else last)
    return np.array(found, dtype=np.float64)


def _best(gold: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(gold[order])
    ends = np.flatnonzero(np.append(ranked[:-1] > ranked[1:], True))  # equal scores are chosen together
    f1 = 2 * right[ends] / (ends + 1 + gold.sum())
    below = np.append(ranked, 0.0)[ends + 1]
    middles = (ranked[ends] + below) / 2
    best = f1 >= f1.max() - 1e-12
    return float(middles[best][np.abs(middles[best] - DEFAULT_THRESHOLD).argmin()])
