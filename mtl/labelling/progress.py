"""How good the model is, measured on texts that were drawn by chance, and what more labels would bring."""

from dataclasses import dataclass
from enum import StrEnum

from mtl.labelling.groups import BrokenChain
from mtl.labelling.spec import Answer


class Metric(StrEnum):
    """What a score is."""

    ACCURACY = "accuracy"
    F1 = "f1"
    """Micro-averaged: of labels, or of spans with exact edges and type."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score, 0 to 1, and its interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The score of a model that has learned from the first so many answers."""

    answers: int
    score: Estimate


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often the model saw `guessed` where a person said `given`; "" is no span or no label. Some of the texts."""

    given: str
    guessed: str
    count: int
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A text whose answer differs from what a model that has learned from all other answers is sure of.

    `confidence` is how probable the model finds its own answer.
    """

    number: int
    answer: Answer
    guess: Answer
    confidence: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a project stands for one person.

    `answered` and `skipped` of `total` distinct texts are this person's. All people have answered `known` texts; of
    these, `measured` were drawn by chance, and the score is measured on them alone, each by a model that has not seen
    it. `by_label` has the number of texts with each label. `curve` ends with today's score. `ahead` is expected after
    `AHEAD` more answers, None while too little is known. `hint` is one sentence on what to do next, or empty. Of pairs,
    `threshold` is the cosine from which on two texts are taken for the same, and `chains` are the answers `different`
    that a chain of answers `same` contradicts; their score is measured among the mined pairs.
    """

    answered: int
    skipped: int
    total: int
    known: int
    measured: int
    by_label: tuple[tuple[str, int], ...]
    metric: Metric
    score: Estimate | None
    curve: tuple[CurvePoint, ...]
    ahead: Estimate | None
    is_flat: bool
    hint: str
    confusions: tuple[Confusion, ...]
    contradictions: tuple[Contradiction, ...]
    threshold: float | None = None
    chains: tuple[BrokenChain, ...] = ()


AHEAD = 50
"""Answers that `Progress.ahead` looks ahead."""
