"""Whether two texts mean the same: the cosine of their embeddings, and the threshold that answers give it."""

from collections.abc import Sequence

import numpy as np

from mtl.decoding.probabilities import Floats
from mtl.errors import InputError
from mtl.inference.engine import Engine
from mtl.labelling.cards import Guess, PairCosine
from mtl.labelling.cosine_threshold import CosineThreshold, Spread, fit_threshold
from mtl.labelling.learner import Answers, Signals
from mtl.labelling.pairs import DIFFERENT, SAME, pairs_of
from mtl.labelling.spec import ProjectSpec
from mtl.metrics.neighbours import unit_length
from mtl.text.batching import Integers

_BLOCK = 10_000


class PairLearner:
    """Learns from which cosine on texts mean the same; as `Learner`, for numbers of pairs.

    The embeddings stay as they are, so there is no head.

    Attributes:
        threshold: fitted to all answers.
    """

    head = None
    is_blank = False

    def __init__(self, vectors: Floats, mined: Integers) -> None:
        self._unit = unit_length(np.nan_to_num(vectors))
        self._mined = mined
        self._cosines = self._computed(mined)
        self._spread = Spread.of(self._cosines)
        self.fit({})

    def cosines(self, numbers: Integers | Sequence[int]) -> Floats:
        """The cosines `(M,)` of pairs."""
        asked = np.asarray(numbers, dtype=np.int64)
        if not len(self._mined):
            return self._computed(asked)
        place = np.minimum(np.searchsorted(self._mined, asked), len(self._mined) - 1)
        found, others = self._cosines[place], self._mined[place] != asked
        found[others] = self._computed(asked[others])
        return found

    def relabel(self, spec: ProjectSpec) -> None:
        """As `Learner`: pairs have no other labels."""

    def fit(self, answers: Answers) -> None:
        """As `Learner`."""
        self.threshold = self._fitted(answers)

    def candidates(self, open_texts: Integers) -> Integers:
        """As `Learner`: all of them."""
        return open_texts

    def signals(self, texts: Integers) -> Signals:
        """As `Learner`: how near to 1/2 the probability is; no answer is rare."""
        found = self.threshold.same(self.cosines(texts))
        return Signals(1 - np.abs(2 * found - 1), np.ones(len(texts), dtype=np.float32))

    def doubt(self, text: int, *, rare: bool) -> str:
        """As `Learner`."""
        cosine = float(self.cosines([text])[0])
        return f"Its cosine of {cosine:.2f} is close to {self.threshold.at:.2f}, where same and different part."

    def guesses(self, texts: Sequence[int]) -> list[Guess | None]:
        """As `Learner`."""
        return list(self._guesses(texts, self.threshold))

    def ranked(self, texts: Integers, label: str | None) -> Integers:
        """As `Learner`, but all pairs, or those that are the same, by cosine, the nearest first."""
        cosines = self.cosines(texts)
        if label is not None:
            chosen = (self.threshold.same(cosines) >= 0.5) == (label == SAME)
            texts, cosines = texts[chosen], cosines[chosen]
        ordered: Integers = texts[np.argsort(cosines if label == DIFFERENT else -cosines, kind="stable")]
        return ordered

    def held_out(self, stages: Sequence[Answers], texts: Sequence[Sequence[int]]) -> list[list[Guess]]:
        """As `Learner`."""
        return [self._guesses(own, self._fitted(answers)) for answers, own in zip(stages, texts, strict=True)]

    def engine(self) -> Engine:
        """As `Learner`; InputError, for there is no head to save."""
        raise InputError("Pairs train the embedding itself: add them to Train, since no head is fitted to save.")

    def cosine_of(self, number: int) -> PairCosine:
        """What a card shows of a pair."""
        return PairCosine(float(self.cosines([number])[0]), self.threshold.at)

    def _computed(self, numbers: Integers) -> Floats:
        ends, found = pairs_of(numbers), [np.empty(0, dtype=np.float32)]
        for begin in range(0, len(ends), _BLOCK):
            first, second = ends[begin : begin + _BLOCK].T
            found.append(np.einsum("mh,mh->m", self._unit[first], self._unit[second]).clip(-1, 1))
        return np.concatenate(found).astype(np.float32)

    def _fitted(self, answers: Answers) -> CosineThreshold:
        is_same = np.array([answer == SAME for answer in answers.values()], dtype=bool)
        return fit_threshold(self.cosines(list(answers)), is_same, self._spread)

    def _guesses(self, numbers: Sequence[int], threshold: CosineThreshold) -> list[Guess]:
        found = threshold.same(self.cosines(numbers)).tolist()
        return [
            Guess(SAME if one >= 0.5 else DIFFERENT, max(one, 1 - one), {SAME: one, DIFFERENT: 1 - one})
            for one in found
        ]
