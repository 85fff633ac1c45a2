"""Classification heads on static embeddings, by a convex solver."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from mtl.decoding.probabilities import Floats

_MOST_ITERATIONS = 1000
_NEVER = -30.0  # the logit of a class without an example


@dataclass(frozen=True, slots=True)
class Taught:
    """What a head learns: vectors `(N, D)`, how probable each class is `(N, C)`, and how much a row counts `(N,)`."""

    vectors: Floats
    targets: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class LinearHead:
    """Logits from vectors: `weight` `(C, D)` and `bias` `(C,)`."""

    weight: Floats
    bias: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """Logits `(N, C)` of vectors `(N, D)`."""
        result: Floats = vectors @ self.weight.T + self.bias
        return result


def fit(taught: Taught, *, multi_label: bool) -> LinearHead:
    """The head with the smallest cross-entropy, with a penalty on its weights."""
    if not multi_label:
        return _one_of(taught)
    yes_or_no = [np.stack([1 - own, own], axis=1) for own in taught.targets.T]
    found = [_one_of(Taught(taught.vectors, targets, taught.weights)) for targets in yes_or_no]
    return LinearHead(
        np.stack([h.weight[1] - h.weight[0] for h in found]), np.stack([h.bias[1] - h.bias[0] for h in found])
    )


def _one_of(taught: Taught) -> LinearHead:
    """One class a row; a row that may be of several counts for each as much as that is probable."""
    rows, classes = np.nonzero(taught.targets)
    size = (taught.targets.shape[1], taught.vectors.shape[1])
    weight, bias = np.zeros(size, np.float32), np.full(size[0], _NEVER, np.float32)
    known = np.unique(classes)
    bias[known] = 0
    if len(known) > 1:
        solver = LogisticRegression(max_iter=_MOST_ITERATIONS)
        solver.fit(taught.vectors[rows], classes, sample_weight=taught.targets[rows, classes] * taught.weights[rows])
        fitted = known[-1:] if len(known) == 2 else known  # of two classes, only the second has a logit
        weight[fitted], bias[fitted] = solver.coef_, solver.intercept_
    return LinearHead(weight, bias)
