"""From which cosine on two texts mean the same: a logistic regression on one number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats, sigmoid

_SLOPE = 1.0
"""What is expected of the slope before any answer, per standard deviation of the cosines of all pairs."""
_LEAST_SLOPE = 0.05  # a higher cosine never speaks for another meaning
_WEIGHT = 0.25
"""Of what is expected against one answer: a variance of 4."""


@dataclass(frozen=True, slots=True)
class CosineThreshold:
    """The probability that two texts of a cosine c mean the same is `1 / (1 + exp(-slope (c - at)))`."""

    slope: float
    at: float

    def same(self, cosines: Floats) -> Floats:
        """The probability of each, in the shape of the cosines."""
        return sigmoid(np.asarray(self.slope * (cosines - self.at), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of the cosines of all pairs of a project, whatever is said of them."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, cosines: Floats) -> "Spread":
        """From the cosines `(M,)`; 0.5 and 0.1 where there are none."""
        return cls(float(cosines.mean()), max(float(cosines.std()), 1e-3)) if len(cosines) else cls(0.5, 0.1)


def fit_threshold(cosines: Floats, is_same: NDArray[np.bool_], spread: Spread) -> CosineThreshold:
    """The most probable threshold after M answers, which is the mean cosine of all pairs before the first one.

    Args:
        cosines: `(M,)`.
        is_same: `(M,)`, the answers.
        spread: of all pairs.
    """
    from scipy.optimize import minimize

    x = ((cosines - spread.mean) / spread.deviation).astype(np.float64)
    y = is_same.astype(np.float64)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, bias = values
        logits = slope * x + bias
        wrong = 1 / (1 + np.exp(-logits)) - y
        away = np.array([slope - _SLOPE, bias])
        value = np.logaddexp(0, logits).sum() - (y * logits).sum() + _WEIGHT / 2 * (away**2).sum()
        return float(value), np.array([(wrong * x).sum(), wrong.sum()]) + _WEIGHT * away

    bounds = [(_LEAST_SLOPE, None), (None, None)]
    slope, bias = minimize(loss, np.array([_SLOPE, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    at = spread.mean - spread.deviation * bias / slope
    return CosineThreshold(float(slope / spread.deviation), float(np.clip(at, -1, 1)))
