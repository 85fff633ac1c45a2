"""What may be shown of a project, and which of it next: its texts, or pairs of them."""

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from mtl.decoding.probabilities import Floats
from mtl.labelling.choosing import MEASURED, MEASURED_EVERY, Asked, Choice, Neighbourhood, chance_order, choose
from mtl.labelling.learner import Learner
from mtl.labelling.pairs import pairs_of
from mtl.labelling.reasons import Order, Reason, Why
from mtl.text.batching import Integers

MEASURED_PAIR = replace(
    MEASURED, sentence="It was drawn by chance from the mined pairs: your answer measures the model."
)
_NEAR_TURNS = (1, 3)
"""Of each five cards of the mix: those with the nearest pairs; the last one is by chance, the others are unsure."""
_WORN = 0.25  # standard deviations of the cosine that a pair loses for each answer to another pair of its texts
_WORN_UNSURE = 0.1


class Queue(Protocol):
    """What may be shown.

    Attributes:
        numbers: `(M,)`, ascending: of all that may be shown.
        by_chance: `(M,)`: the same in an order by chance that is the same for everybody.
    """

    @property
    def numbers(self) -> Integers: ...  # noqa: D102
    @property
    def by_chance(self) -> Integers: ...  # noqa: D102

    def choose(self, learner: Learner, asked: Asked, *, order: Order) -> Choice | None:
        """What to show next, or None where nothing is left."""


@dataclass(frozen=True, eq=False)
class TextQueue:
    """All texts; as `Queue`."""

    near: Neighbourhood
    numbers: Integers
    by_chance: Integers

    @classmethod
    def of(cls, project: str, vectors: Floats) -> "TextQueue":
        """The queue of a project with this id, from the vectors `(N, H)` of its texts."""
        return cls(Neighbourhood(vectors), np.arange(len(vectors)), chance_order(project, len(vectors)))

    def choose(self, learner: Learner, asked: Asked, *, order: Order) -> Choice | None:
        """As `Queue`."""
        return choose(learner, self.near, asked, by_chance=self.by_chance, order=order)


@dataclass(frozen=True, eq=False)
class PairQueue:
    """The mined pairs of `texts` texts, with their cosines `(M,)`; as `Queue`.

    Of five cards of the mix two are near the threshold, two are the nearest pairs that are left, and one is by chance.
    A pair of which a text has been asked about before comes later.
    """

    numbers: Integers
    by_chance: Integers
    cosines: Floats
    texts: int

    @classmethod
    def of(cls, project: str, mined: Integers, *, cosines: Floats, texts: int) -> "PairQueue":
        """The queue of a project with this id."""
        return cls(mined, mined[np.argsort(_drawn(project, mined), kind="stable")], cosines, texts)

    def choose(self, learner: Learner, asked: Asked, *, order: Order) -> Choice | None:
        """As `Queue`; an order that is one of texts alone is the mix."""
        if not asked.open.any():
            return None
        place = asked.turn % MEASURED_EVERY
        is_mix = order not in (Order.RANDOM, Order.UNSURE, Order.NEAR)
        if order is Order.RANDOM or (is_mix and asked.is_shared):
            left = asked.unseen if asked.is_shared else asked.open
            return Choice(int(self.by_chance[left[np.searchsorted(self.numbers, self.by_chance)]][0]), MEASURED_PAIR)
        open_pairs = np.flatnonzero(asked.open)
        numbers, cosines, worn = self.numbers[open_pairs], self.cosines[open_pairs], self._worn(asked, open_pairs)
        if order is Order.NEAR or (is_mix and place in _NEAR_TURNS):
            best = int((cosines - _WORN * float(self.cosines.std()) * worn).argmax())
            sentence = f"Its texts are among the nearest, with a cosine of {cosines[best]:.2f}."
            return Choice(int(numbers[best]), Why(Reason.NEAR, f"{sentence} If they differ, this is a hard negative."))
        best = int((learner.signals(numbers).unsure - _WORN_UNSURE * worn).argmax())
        number = int(numbers[best])
        return Choice(number, Why(Reason.UNSURE, learner.doubt(number, rare=False)))

    def _worn(self, asked: Asked, places: Integers) -> Integers:
        """How many answers there are to other pairs of the texts of each pair."""
        known = pairs_of(np.fromiter(asked.known, dtype=np.int64))
        used = np.bincount(known.ravel(), minlength=self.texts)
        found: Integers = used[pairs_of(self.numbers[places])].sum(axis=1)
        return found


def _drawn(project: str, numbers: Integers) -> Integers:
    """A number by chance for each pair, the same for everybody, and whatever other pairs there are (splitmix64)."""
    seed = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1), dtype=np.int64)
