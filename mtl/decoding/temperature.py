"""The temperature of a head: fitted on labelled examples, and put on what was found without one."""

from dataclasses import dataclass, replace

import numpy as np

from mtl.decoding.probabilities import Floats
from mtl.decoding.tagging import Decoded, tag_probabilities
from mtl.text.batching import Integers

_SPREAD = 0.5
"""Standard deviation of the logarithm of the temperature before any example is seen, around a temperature of 1."""
_LOWEST, _HIGHEST = 0.25, 10.0
_WITHIN = 1e-3  # of the logarithm


@dataclass(frozen=True, slots=True)
class Evidence:
    """R decisions of a head on labelled texts.

    `scores` `(R, C)` are logarithms of the probabilities at temperature 1, up to a constant for each row; `right`
    `(R,)` is the right class.
    """

    scores: Floats
    right: Integers


def fit_temperature(evidence: Evidence) -> float:
    """The temperature with the smallest cross-entropy, between 0.25 and 10.

    It is the maximum a posteriori: its logarithm has a normal prior around 0, so that few examples, or examples that
    are all right, move it little; without any it is 1.

    Source:
        Guo et al. 2017, *On Calibration of Modern Neural Networks*, section 4.2, for the cross-entropy.
    """
    from scipy.optimize import minimize_scalar

    if not len(evidence.right) or evidence.scores.shape[1] < 2:
        return 1.0
    own = np.take_along_axis(evidence.scores, evidence.right[:, None], axis=1)
    behind = (evidence.scores - own).astype(np.float64)  # how far each class lies above the right one

    def loss(logarithm: float) -> float:
        scaled = behind * np.exp(-logarithm)
        most = scaled.max(axis=1)
        entropy = (most + np.log(np.exp(scaled - most[:, None]).sum(axis=1))).sum()
        return float(entropy + (logarithm / _SPREAD) ** 2 / 2)

    bounds = (np.log(_LOWEST), np.log(_HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": _WITHIN})
    return round(float(np.exp(found.x)), 4)


def tags_at(decoded: Decoded, temperature: float, *, is_argmax: bool) -> Decoded:
    """The same tags with their probabilities at a temperature.

    Args:
        decoded: has log-marginals.
        temperature: above 0.
        is_argmax: whether the probability of a word is that of its best tag.
    """
    scores = decoded.log_marginals
    assert scores is not None
    if not len(scores):
        return decoded
    # A word that is no decision of its own has the probability of the one before that is.
    decides = np.maximum.accumulate(np.where(np.isnan(scores).any(axis=1), 0, np.arange(len(scores))))
    chances = tag_probabilities(decoded.tags, scores, temperature, is_argmax=is_argmax)
    return replace(decoded, probabilities=chances[decides])
