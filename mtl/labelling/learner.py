"""The model of a project: a linear head that is fitted again after each answer, from where it stood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.fitting import LinearHead, SpanHead
from mtl.inference.engine import Engine
from mtl.labelling.cards import Guess
from mtl.labelling.spec import Answer, ProjectSpec
from mtl.text.batching import Integers

Answers = Mapping[int, Answer]


@dataclass(frozen=True, eq=False)
class Signals:
    """Of R texts: how unsure the model is of each `(R,)`, and how rare what it sees there is among the answers `(R,)`.

    Both are at least 0 and are compared among these texts alone.
    """

    unsure: Floats
    rare: Floats


class Learner(Protocol):
    """A model that learns from answers by numbers of texts."""

    @property
    def head(self) -> LinearHead | SpanHead | None:
        """The head that was fitted last."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is known of the labels yet, neither from answers nor without."""

    def relabel(self, spec: ProjectSpec) -> None:
        """Take other labels; the next `fit` learns them."""

    def fit(self, answers: Answers) -> None:
        """Learn all answers."""

    def candidates(self, open_texts: Integers) -> Integers:
        """Those of some texts that are worth a look, where looking at all of them would take too long."""

    def signals(self, texts: Integers) -> Signals:
        """How unsure the model is of texts."""

    def doubt(self, text: int, *, rare: bool) -> str:
        """A sentence on what the model is unsure of in a text, or on what rare label it sees there."""

    def guesses(self, texts: Sequence[int]) -> list[Guess | None]:
        """What the model thinks of texts; None while it is blank."""

    def ranked(self, texts: Integers, label: str | None) -> Integers:
        """Texts whose guess has a label, or all texts, those first of which the model is surest."""

    def held_out(self, stages: Sequence[Answers], texts: Sequence[Sequence[int]]) -> list[list[Guess]]:
        """Of each stage, what a model that knows its answers alone thinks of its texts; stages grow."""

    def engine(self) -> Engine:
        """The engine with the head in addition."""


def count_labels(answers: Answers, names: Sequence[str]) -> NDArray[np.int64]:
    """`(C,)`: how often each label was given."""
    index = {name: i for i, name in enumerate(names)}
    found = np.zeros(len(names), dtype=np.int64)
    for answer in answers.values():
        for one in (answer,) if isinstance(answer, str) else answer:
            found[index[one if isinstance(one, str) else one.label]] += 1
    return found


def rarity(counts: NDArray[np.int64]) -> Floats:
    """`(C,)`, the higher the fewer answers a label has."""
    found: Floats = (1 / np.sqrt(1 + counts)).astype(np.float32)
    return found


MOST_WORDS = 12_000
"""Words of the texts that are looked at for one card, which takes tens of milliseconds."""
