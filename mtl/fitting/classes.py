"""A linear head for classes on pooled vectors."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats, sigmoid, softmax
from mtl.errors import DataError, InputError
from mtl.fitting.objectives import LogisticLoss, Objective, Scaling, SoftmaxLoss, Vector
from mtl.fitting.pool import FeaturePool
from mtl.fitting.solving import Stopping, is_number, solve
from mtl.labels import DEFAULT_THRESHOLD
from mtl.text.batching import Integers

Answer = str | Collection[str]
"""The label of a text, or all its labels where it may have any number."""


@dataclass(frozen=True)
class FitOptions:
    """How heads are fitted.

    `l2` is the penalty on squared weights over features of variance 1, against the sum of the losses. With `balanced`
    a label counts inversely to its number of examples, as in recipes; of single-label tasks and spans only.
    The default is for 50 to 200 labelled texts, where it is as good as 30 or better on most of four data sets; with all
    their train texts (701 to 15,000) the 30 of recipes is better (`benchmarks/penalty.py`).

    Raises:
        InputError: a value is not what was expected.
    """

    l2: float = 10.0
    balanced: bool = False
    stopping: Stopping = field(default_factory=Stopping)

    def __post_init__(self) -> None:
        if not is_number(self.l2) or not 0 < self.l2 < math.inf:
            raise InputError(f"a finite number over 0 was expected, was {self.l2!r}", key="l2")
        if not isinstance(self.balanced, bool | np.bool_):
            raise InputError(f"True or False was expected, was {self.balanced!r}", key="balanced")
        if not isinstance(self.stopping, Stopping):
            raise InputError(f"Stopping was expected, was {self.stopping!r}", key="stopping")


DEFAULTS = FitOptions()
INTERACTIVE = FitOptions(stopping=Stopping(iterations=10, gradient=1e-4, value=1e-4))
"""For fits with a `start`: ends a little before the optimum, where the next fit goes on."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """A weight `(H, C)` and bias `(C,)` that read unscaled features; columns follow `labels`.

    `thresholds` are those of a multi-label head, as in `TaskInfo`: empty where each is 0.5.
    """

    labels: tuple[str, ...]
    weight: Floats
    bias: Floats
    multi_label: bool = False
    thresholds: tuple[float, ...] = ()

    @property
    def limits(self) -> NDArray[np.float64]:
        """`(C,)`: of a multi-label head, the probability from which each label is chosen."""
        return np.array(self.thresholds or (DEFAULT_THRESHOLD,) * len(self.labels), dtype=np.float64)

    def logits(self, values: Floats) -> Floats:
        """`(N, C)` of features `(N, H)`."""
        found: Floats = values @ self.weight + self.bias
        return found

    def probabilities(self, pool: FeaturePool, texts: Integers | None = None) -> Floats:
        """`(N, C)` of all texts of a pool, or of some; rows add up to 1, but for a multi-label head."""
        windows = pool.windows
        values = windows.values if texts is None else windows.values[windows.rows_of(texts)]
        found = self.logits(values)
        return windows.combined(sigmoid(found) if self.multi_label else softmax(found), texts)


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Answers for texts of a pool, by the position of the text, and the labels of their task in the order of its head.

    An answer is a label, or with `multi_label` any number of them; labels that are not among those of the task do not
    count.
    """

    labels: tuple[str, ...]
    answers: Mapping[int, Answer]
    multi_label: bool = False


def fit_classes(
    pool: FeaturePool,
    labelled: LabelledTexts,
    *,
    options: FitOptions = DEFAULTS,
    start: LinearHead | None = None,
    prior: LinearHead | None = None,
) -> LinearHead:
    """The head of least cost for the labelled texts of a pool.

    Args:
        pool: features; all of its texts decide on the scaling.
        labelled: answers and labels.
        options: penalty and balance.
        start: a head of before; what it has of these labels is where the solver begins, which saves time alone.
        prior: what is known without any example: the penalty is on the distance from it, and its thresholds stay.

    Raises:
        DataError: there are no labels, or one comes twice.
    """
    labels, multi_label = checked_labels(labelled.labels), labelled.multi_label
    windows = pool.windows
    known = {at: answer for at, answer in labelled.answers.items() if multi_label or answer in labels}
    at, answers = np.array(list(known), dtype=np.int64), list(known.values())
    rows, counts = windows.rows_of(at), windows.starts[at + 1] - windows.starts[at]
    weights = windows.shares[rows]
    loss: SoftmaxLoss | LogisticLoss
    if multi_label:
        loss = LogisticLoss(np.repeat(indicators(answers, labels), counts, axis=0), weights)
    else:
        classes = np.array([labels.index(str(answer)) for answer in answers], dtype=np.int64)
        if options.balanced:
            weights = weights * np.repeat(balanced_weights(classes, len(labels))[classes], counts)
        loss = SoftmaxLoss(np.repeat(classes, counts), weights)
    scaling = pool.scaling
    centre = None if prior is None else aligned(prior, labels, scaling)
    objective = Objective(windows.values[rows], loss, scaling, options.l2, len(labels), centre)
    begin = aligned(start, labels, scaling) if start is not None else centre
    found = solve(objective, begin, stopping=options.stopping)
    return LinearHead(labels, *scaling.folded(found.weight), multi_label, _thresholds(prior, labels))


def _thresholds(prior: LinearHead | None, labels: Sequence[str]) -> tuple[float, ...]:
    """Those of a head for other labels; those that it lacks have 0.5."""
    if prior is None or not prior.thresholds:
        return ()
    known = dict(zip(prior.labels, prior.thresholds, strict=True))
    return tuple(known.get(label, DEFAULT_THRESHOLD) for label in labels)


def aligned(head: LinearHead, labels: Sequence[str], scaling: Scaling) -> Vector:
    """The weight of a head for other labels, over scaled features: those that it lacks have zeros."""
    known = scaling.unfolded(head.weight, head.bias)
    found = np.zeros((len(known), len(labels)))
    for column, label in enumerate(labels):
        if label in head.labels:
            found[:, column] = known[:, head.labels.index(label)]
    return found


def indicators(answers: Sequence[Answer], labels: Sequence[str]) -> Floats:
    """`(N, C)`, 1 for each label of a text."""
    found = np.zeros((len(answers), len(labels)), dtype=np.float32)
    index = {label: i for i, label in enumerate(labels)}
    for row, answer in enumerate(answers):
        own = (answer,) if isinstance(answer, str) else answer
        found[row, [index[label] for label in own if label in index]] = 1
    return found


def balanced_weights(classes: NDArray[np.int64], count: int) -> Floats:
    """How much each of `count` classes counts: inversely to its examples, 1 on average over examples."""
    seen = np.bincount(classes, minlength=count)
    present = max(1, int((seen > 0).sum()))
    found: Floats = np.where(seen > 0, len(classes) / (present * np.maximum(seen, 1)), 1.0).astype(np.float32)
    return found


def checked_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels as a tuple.

    Raises:
        DataError: there are none, or one comes twice.
    """
    if not labels or len(set(labels)) != len(labels):
        raise DataError(f"at least one label, each once, was expected, were {list(labels)[:8]}")
    return tuple(labels)
