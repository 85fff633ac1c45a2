"""Scores with intervals, and where a learning curve leads.

Accuracy and micro-averaged F1 are both a sum over texts divided by another: right answers by answers, or twice the true
positives by all that was given and all that was guessed. So one bootstrap over texts serves both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.labelling.progress import CurvePoint, Estimate
from mtl.labelling.spec import Answer

CURVE = (1, 2, 4, 8)
"""The points of a curve, in shares of all answers."""
_LEVEL = 0.95
_RESAMPLED = 1_000
_LEAST_POINTS = 3
_LEAST_ERROR = 1e-3  # what is taken for no error at all, of which there is no logarithm
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Of M texts: `hits` and `total` `(M,)`, whose sums divided are the score; `is_share` where each total is 1."""

    hits: Numbers
    total: Numbers
    is_share: bool

    @classmethod
    def of(cls, pairs: Sequence[tuple[Answer, Answer]]) -> "Tally":
        """From what was given and guessed for each text."""
        if all(isinstance(given, str) for given, _ in pairs):
            right = np.array([given == guessed for given, guessed in pairs], dtype=np.float64)
            return cls(right, np.ones(len(pairs)), is_share=True)
        both = [(set(given), set(guessed)) for given, guessed in pairs]
        hits = np.array([2.0 * len(given & guessed) for given, guessed in both])
        return cls(hits, np.array([float(len(given) + len(guessed)) for given, guessed in both]), is_share=False)

    @property
    def score(self) -> float:
        """0 to 1; 0 where there is nothing to find and nothing was found."""
        return float(_ratio(self.hits.sum(), self.total.sum()))

    def resampled(self, draws: NDArray[np.int64]) -> Numbers:
        """The scores `(R,)` of R draws `(R, M)` of texts."""
        return _ratio(self.hits[draws].sum(axis=1), self.total[draws].sum(axis=1))


def interval(tally: Tally) -> Estimate | None:
    """A score with its interval of 95 %: Wilson's for a share, else from the bootstrap; None where nothing counts.

    Where all is right or all is wrong, every draw of a bootstrap is the same, and Wilson's over the texts is taken.
    """
    if not tally.total.sum():
        return None
    if tally.is_share or tally.score in (0.0, 1.0):
        from scipy.stats import binomtest  # slow to load, like what is measured with it

        counted = int((tally.total > 0).sum())
        found = binomtest(round(tally.score * counted), counted).proportion_ci(_LEVEL, method="wilson")
        return Estimate(tally.score, float(found.low), float(found.high))
    low, high = _middle(tally.resampled(_draws(len(tally.total))))
    return Estimate(tally.score, min(low, tally.score), max(high, tally.score))


def curve_of(sizes: Sequence[int], tallies: Sequence[Tally]) -> tuple[CurvePoint, ...]:
    """The points of a curve that have a score."""
    points = ((size, interval(tally)) for size, tally in zip(sizes, tallies, strict=True))
    return tuple(CurvePoint(size, score) for size, score in points if score is not None)


def expected_after(sizes: Sequence[int], tallies: Sequence[Tally], *, more: int) -> Estimate | None:
    """The score after so many more answers, where errors go on to fall as a power of the number of answers.

    The exponent is that of least squares over the logarithms, and never makes errors grow; the curve goes through
    today's score. The interval is of the bootstrap over the measured texts, and at least what today's interval becomes:
    a score of so few texts is no better known after more answers. None for fewer than three points.
    """
    if len(sizes) < _LEAST_POINTS or not all(tally.total.sum() for tally in tallies):
        return None
    draws = _draws(len(tallies[0].total))
    now = np.array([[tally.score] for tally in tallies])
    scores = np.concatenate([now, np.stack([tally.resampled(draws) for tally in tallies])], axis=1)
    errors = np.maximum(1 - scores, _LEAST_ERROR)
    x = np.log(np.array(sizes, dtype=np.float64))
    x -= x.mean()
    slopes = np.minimum((x[:, None] * np.log(errors)).sum(axis=0) / (x * x).sum(), 0.0)
    shares = ((sizes[-1] + more) / sizes[-1]) ** slopes  # of the errors of today
    ahead = 1 - (1 - scores[-1]) * shares
    low, high = _middle(ahead[1:])
    value, today = float(ahead[0]), interval(tallies[-1])
    assert today is not None
    lowest, highest = (1 - (1 - bound) * float(shares[0]) for bound in (today.low, today.high))
    return Estimate(value, min(low, lowest, value), max(high, highest, value))


def _draws(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, count, (_RESAMPLED, count))


def _middle(values: Numbers) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _ratio(hits: Numbers, total: Numbers) -> Numbers:
    found: Numbers = np.divide(hits, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0)
    return found
