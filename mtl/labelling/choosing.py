"""Which text is shown next, and why.

One card in `MEASURED_EVERY` of the mix follows a fixed order of all texts by chance, whatever the model thinks of them.
The texts up to the furthest of those cards are a sample by chance of all texts: also those in between that were
labelled for another reason, for they would have been shown anyway. Scores are measured on them alone.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.labelling.learner import Learner, Signals
from mtl.labelling.reasons import Order, Reason, Why
from mtl.text.batching import Integers

MEASURED_EVERY = 5
"""Cards of which one is by chance."""
_NEIGHBOURS = 20
_COMPARED = 2_000  # texts that say how many are like a text
_BLOCK = 4_096
_MOST_ADDED = 1_000
"""Texts that are compared with all others at a time: one stroke of a lasso can label half of a project."""
_NUMBERS = 2**22
"""Cosines that are computed at a time."""
# What speaks for a text in each order; the product decides (benchmarks/label.py).
_FACTORS = {
    Order.MIX: (Reason.UNSURE, Reason.RARE, Reason.DENSE, Reason.DIVERSE),
    Order.UNSURE: (Reason.UNSURE,),
    Order.DIVERSE: (Reason.DIVERSE,),
    Order.DENSE: (Reason.DENSE, Reason.DIVERSE),
}
MEASURED = Why(Reason.MEASURED, "It was drawn by chance: your answer measures the model.")
CHOSEN = Why(Reason.CHOSEN, "You opened it.")
_SENTENCES = {
    Reason.DENSE: "Many texts are like this one.",
    Reason.DIVERSE: "It is unlike all texts that are labelled so far.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A text by its number, and why it is shown."""

    text: int
    why: Why


class Neighbourhood:
    """How near texts are to each other, by the cosine of their vectors `(N, H)` after their mean is taken off."""

    def __init__(self, vectors: Floats) -> None:
        away = vectors - vectors.mean(axis=0)
        self._vectors: Floats = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
        self._nearest = np.full(len(vectors), -1.0, dtype=np.float32)
        self._nearest_text = np.full(len(vectors), -1, dtype=np.int64)
        self._known: set[int] = set()

    @cached_property
    def density(self) -> Floats:
        """`(N,)`: the mean cosine with the nearest of some texts by chance, 0.01 at least."""
        count = len(self._vectors)
        some = np.sort(np.random.default_rng(0).permutation(count)[:_COMPARED])
        found, k = np.full(count, 0.01, dtype=np.float32), min(_NEIGHBOURS, len(some) - 1)
        if k < 1:
            return found
        place = np.searchsorted(some, np.arange(count))
        is_in = some[np.minimum(place, len(some) - 1)] == np.arange(count)
        for begin in range(0, count, _BLOCK):
            near = self._vectors[begin : begin + _BLOCK] @ self._vectors[some].T
            own = np.flatnonzero(is_in[begin : begin + _BLOCK])
            near[own, place[begin + own]] = -1.0  # a text is no neighbour of itself
            found[begin : begin + _BLOCK] = np.partition(near, -k, axis=1)[:, -k:].mean(axis=1)
        return np.maximum(found, np.float32(0.01))

    def novelty(self, known: Collection[int]) -> Floats:
        """`(N,)`: 1 less the cosine with the nearest known text, at most 1; of very many, some by chance count."""
        wanted = set(known)
        added, removed = wanted - self._known, self._known - wanted
        self._known = wanted
        if removed:
            lost = np.flatnonzero(np.isin(self._nearest_text, _numbers(removed)))
            self._nearest[lost] = -1.0
            self._compare(lost, self._vectors[lost], _some(_numbers(wanted - added)))
        self._compare(np.arange(len(self._vectors)), self._vectors, _some(_numbers(added)))
        found: Floats = 1 - np.maximum(self._nearest, 0)
        return found

    def _compare(self, texts: Integers, vectors: Floats, known: Integers) -> None:
        """Take known texts `(K,)` in as the nearest ones of some texts `(R,)` with vectors `(R, H)`, where they are."""
        if not len(known):
            return
        block, others = max(1, _NUMBERS // len(known)), self._vectors[known].T
        for begin in range(0, len(texts), block):
            own, near = texts[begin : begin + block], vectors[begin : begin + block] @ others
            best = near.argmax(axis=1)
            cosines = near[np.arange(len(own)), best]
            nearer = cosines > self._nearest[own]
            self._nearest[own[nearer]], self._nearest_text[own[nearer]] = cosines[nearer], known[best[nearer]]


def _numbers(texts: Collection[int]) -> Integers:
    return np.array(sorted(texts), dtype=np.int64)


def _some(texts: Integers) -> Integers:
    """At most `_MOST_ADDED` of these texts `(K,)`, by chance."""
    if len(texts) <= _MOST_ADDED:
        return texts
    found: Integers = np.sort(np.random.default_rng(0).permutation(texts)[:_MOST_ADDED])
    return found


def chance_order(name: str, count: int) -> Integers:
    """All of so many texts in an order by chance that is the same for everybody, given the id of a project."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    found: Integers = np.random.default_rng(seed).permutation(count)
    return found


@dataclass(frozen=True, eq=False)
class Asked:
    """Of N texts or pairs, which may be shown to a person.

    `open` `(N,)` is neither answered by anybody nor skipped by this person; `unseen` `(N,)` is what this person has
    neither answered nor skipped; `known` are the numbers of those that anybody has answered; `turn` counts what the
    person has done, so that each so many cards one is by chance.
    """

    open: NDArray[np.bool_]
    unseen: NDArray[np.bool_]
    known: Collection[int]
    turn: int

    @property
    def is_shared(self) -> bool:
        """Whether it is the turn of a text by chance that is the same for all."""
        return self.turn % MEASURED_EVERY == MEASURED_EVERY - 1


def choose(learner: Learner, near: Neighbourhood, asked: Asked, *, by_chance: Integers, order: Order) -> Choice | None:
    """The text to show next, or None where none is left.

    Args:
        learner: that has learned all answers.
        near: of all texts.
        asked: which texts are left.
        by_chance: as `chance_order`.
        order: what comes first.
    """
    if not asked.open.any():
        return None
    order = Order.MIX if order is Order.NEAR else order
    if order is Order.RANDOM or (order is Order.MIX and asked.is_shared):
        left = asked.unseen if asked.is_shared else asked.open
        return Choice(int(by_chance[left[by_chance]][0]), MEASURED)
    texts = np.flatnonzero(asked.open)
    factors = _FACTORS[order]
    signals = None
    if learner.is_blank and Reason.UNSURE in factors:
        factors = _FACTORS[Order.DENSE]
    elif Reason.UNSURE in factors:
        texts = learner.candidates(texts)
        signals = learner.signals(texts)
    values = {factor: _values(factor, near, asked.known, texts=texts, signals=signals) for factor in factors}
    best = int(np.prod(np.stack(list(values.values())), axis=0).argmax())
    # What stands out most for this text among all others; doubt goes first where several do alike.
    reason = max(factors, key=lambda factor: float((values[factor] < values[factor][best]).mean()))
    return Choice(int(texts[best]), _why(learner, int(texts[best]), reason))


def _values(
    factor: Reason, near: Neighbourhood, known: Collection[int], *, texts: Integers, signals: Signals | None
) -> Floats:
    if factor is Reason.DENSE:
        return near.density[texts]
    if factor is Reason.DIVERSE:
        return near.novelty(known)[texts]
    assert signals is not None
    return signals.rare if factor is Reason.RARE else signals.unsure


def _why(learner: Learner, text: int, reason: Reason) -> Why:
    sentence = _SENTENCES.get(reason) or learner.doubt(text, rare=reason is Reason.RARE)
    return Why(reason, sentence)


def measured_texts(by_chance: Integers, asked_by_chance: Collection[int], touched: Collection[int]) -> list[int]:
    """The texts that are a sample by chance: all up to the furthest one that was shown for measuring, in this order.

    They end before the first one that nobody has answered or skipped, such as one of new pairs or of a label that was
    removed: those behind it were answered because they were chosen.

    Args:
        by_chance: the order of all texts.
        asked_by_chance: those that were shown for measuring.
        touched: those that anybody has answered or skipped.
    """
    places = np.flatnonzero(np.isin(by_chance, np.fromiter(asked_by_chance, dtype=np.int64)))
    upto = by_chance[: places[-1] + 1] if len(places) else by_chance[:0]
    gaps = np.flatnonzero(~np.isin(upto, np.fromiter(touched, dtype=np.int64)))
    found: list[int] = upto[: gaps[0]].tolist() if len(gaps) else upto.tolist()
    return found
