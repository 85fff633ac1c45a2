"""Whether probabilities mean what they say: calibration error and Brier scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Of equal width, as in Guo et al. 2017, section 2."""
POINTS = 100
"""Of a risk-coverage curve, at most."""
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Events whose probabilities lie in one of the bins: how many, their mean probability, and the share that came."""

    probability: float
    share: float
    count: int


def reliability(probabilities: Numbers, came: Flags) -> tuple[ReliabilityBin, ...]:
    """The points of a reliability diagram, with 15 bins of equal width; those without an event are left out.

    Args:
        probabilities: `(N,)` of events, 0 to 1.
        came: `(N,)`, whether each event came.
    """
    edges = np.linspace(0, 1, BINS + 1)[1:-1]
    places = np.searchsorted(edges, probabilities)  # a bin has its upper edge
    counts, sums, right = (
        np.bincount(places, weights=values, minlength=BINS) for values in (np.ones(len(came)), probabilities, came)
    )
    return tuple(
        ReliabilityBin(float(sums[i] / counts[i]), float(right[i] / counts[i]), int(counts[i]))
        for i in np.flatnonzero(counts)
    )


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """The surest decisions, as a share of all, and the share of wrong ones among them; both 0 to 1."""

    coverage: float
    risk: float


def risk_coverage(confidence: Numbers, right: Flags) -> tuple[RiskPoint, ...]:
    """How often the surest decisions are wrong, at up to 100 shares of all; equally sure ones are taken together.

    Args:
        confidence: `(N,)` of decisions.
        right: `(N,)`, whether each is right.

    Source:
        El-Yaniv and Wiener 2010, *On the Foundations of Noise-free Selective Classification*.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))  # the last of those that are equally sure
    if len(ends) > POINTS:
        ends = np.unique(ends[np.linspace(0, len(ends) - 1, POINTS).round().astype(int)])
    return tuple(RiskPoint(float((i + 1) / len(right)), float(wrong[i] / (i + 1))) for i in ends)


def calibration_error(probabilities: Numbers, came: Flags) -> float:
    """The expected calibration error, 0 to 1: how far share and probability of a bin differ, over all events.

    Args:
        probabilities: `(N,)` of events, 0 to 1; N is at least 1.
        came: `(N,)`, whether each event came.

    Source:
        Guo et al. 2017, *On Calibration of Modern Neural Networks*, equation 3.
    """
    if not np.isfinite(probabilities).all():
        return float("nan")
    bins = reliability(probabilities, came)
    return sum(one.count * abs(one.share - one.probability) for one in bins) / len(came)


def error_by_chance(bins: Sequence[ReliabilityBin]) -> float:
    """The calibration error, 0 to 1, that is expected of as many events whose probabilities are exactly right.

    A share of few events differs from its probability by chance, so the error of a calibrated model is above 0; one
    that is not above this says nothing against the probabilities. The events of a bin count as equally probable.

    Args:
        bins: at least one, each with events.

    Source:
        Bröcker and Smith 2007, *Increasing the Reliability of Reliability Diagrams*, who draw such events; the mean
        absolute deviation of a binomial distribution is De Moivre's.
    """
    from scipy.stats import binom  # children that read files come without it

    counts = np.array([one.count for one in bins])
    chances = np.array([one.probability for one in bins]).clip(0, 1)  # means are rounded
    above = np.floor(counts * chances) + 1
    deviations = 2 * above * (1 - chances) * binom.pmf(above, counts, chances)
    return float(deviations.sum() / counts.sum())


def class_brier(probabilities: Numbers, right: NDArray[np.int64]) -> float:
    """Half the mean squared distance between probabilities and truth, 0 to 1.

    This is scikit-learn's `brier_score_loss` with `scale_by_half`, so that two classes have the score of one event.

    Args:
        probabilities: `(N, C)`.
        right: `(N,)`, the right class of each row, or -1 for one that has no probability.
    """
    own = np.where(right >= 0, np.take_along_axis(probabilities, right.clip(0)[:, None], axis=1)[:, 0], 0)
    return float(((probabilities**2).sum(axis=1) - 2 * own + 1).mean() / 2)


def event_brier(probabilities: Numbers, came: Flags) -> float:
    """The mean squared difference of probabilities `(N,)` and what came `(N,)`, 0 to 1."""
    return float(((probabilities - came) ** 2).mean())
