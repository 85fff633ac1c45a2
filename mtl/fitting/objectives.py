"""What a linear head minimises on fixed features: a convex loss and its gradient, in NumPy alone.

A weight `(H + 1, C)` has the biases in its last row. It acts on features that are scaled to mean 0 and variance 1, but
no scaled copy of them is made: the scaling is folded into the weight for each product.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats

Vector = NDArray[np.float64]
_BLOCK = 1 << 23  # numbers of features that are in memory as float32 at a time, where they are stored otherwise


@dataclass(frozen=True)
class Scaling:
    """Mean `(H,)` of features and the factor `(H,)` that gives them variance 1."""

    mean: Floats
    factor: Floats

    @classmethod
    def of(cls, values: NDArray[np.floating], *, most: int = 20_000, alike: bool = False) -> "Scaling":
        """From rows `(N, H)`, of which at most so many are looked at, evenly spaced.

        With `alike` all numbers share one factor, so that vectors keep their directions.
        """
        step = max(1, -(-len(values) // most))
        sample = np.asarray(values[::step], dtype=np.float32)
        if not len(sample):
            return cls(np.zeros(sample.shape[1], np.float32), np.ones(sample.shape[1], np.float32))
        deviation = sample.std(axis=0)
        floor = max(float(deviation.mean()) * 1e-3, 1e-12)  # a number that never changes says nothing
        if alike:
            deviation = np.full_like(deviation, np.sqrt(np.square(deviation).mean()))
        return cls(sample.mean(axis=0), (1.0 / np.maximum(deviation, floor)).astype(np.float32))

    def folded(self, weight: Vector) -> tuple[Floats, Floats]:
        """The weight `(H, C)` and bias `(C,)` for unscaled features, of a weight `(H + 1, C)` for scaled ones."""
        own = weight[:-1] * self.factor[:, None]
        return own.astype(np.float32), (weight[-1] - self.mean @ own).astype(np.float32)

    def unfolded(self, weight: Floats, bias: Floats) -> Vector:
        """The weight `(H + 1, C)` for scaled features, of a weight `(H, C)` and bias `(C,)` for unscaled ones."""
        wide = weight.astype(np.float64)
        return np.concatenate([wide / self.factor[:, None], (bias + self.mean @ wide)[None]])


class Loss(Protocol):
    """The loss of rows and its slope in their logits."""

    def __call__(self, logits: Floats, rows: slice) -> tuple[float, Floats]:
        """Summed, weighted loss in nats of some rows from their logits `(N, C)`, and its slope `(N, C)`."""


@dataclass(frozen=True)
class SoftmaxLoss:
    """Cross-entropy of one class `(N,)` a row; a row counts by its weight `(N,)`."""

    classes: NDArray[np.int64]
    weights: Floats

    def __call__(self, logits: Floats, rows: slice) -> tuple[float, Floats]:
        """As `Loss`."""
        wanted, weights = self.classes[rows], self.weights[rows]
        at = np.arange(len(logits))
        shifted = logits - logits.max(axis=1, keepdims=True)
        slope = np.exp(shifted)
        total = slope.sum(axis=1)
        losses = np.log(total) - shifted[at, wanted]
        slope /= total[:, None]
        slope[at, wanted] -= 1
        slope *= weights[:, None]
        return float(np.dot(losses.astype(np.float64), weights)), slope


@dataclass(frozen=True)
class LogisticLoss:
    """Binary cross-entropy of each of C labels by itself; `labels` `(N, C)` are 0 or 1."""

    labels: Floats
    weights: Floats

    def __call__(self, logits: Floats, rows: slice) -> tuple[float, Floats]:
        """As `Loss`."""
        wanted, weights = self.labels[rows], self.weights[rows]
        losses = np.logaddexp(np.float32(0), logits) - wanted * logits
        slope: Floats = (1 / (1 + np.exp(-logits.clip(-60, 60))) - wanted) * weights[:, None]
        return float(np.dot(losses.sum(axis=1, dtype=np.float64), weights)), slope


@dataclass(frozen=True)
class Objective:
    """The weighted mean loss of rows, and an L2 penalty on the distance of the weight from a centre.

    Args:
        values: features `(N, H)`, in float32 or float16; read block by block.
        loss: of the rows.
        scaling: of the features.
        l2: of the sum over rows: 1 / C of scikit-learn's `LogisticRegression` on scaled features.
        classes: C.
        centre: a weight `(H + 1, C)` that stands for what is known before any row; None for zeros.
        bias_l2: as `l2`, for the biases: a class without rows keeps a share, as if it had been seen about once.
    """

    values: NDArray[np.floating]
    loss: SoftmaxLoss | LogisticLoss
    scaling: Scaling
    l2: float
    classes: int
    centre: Vector | None = None
    bias_l2: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Of a weight."""
        return self.values.shape[1] + 1, self.classes

    def __call__(self, flat: Vector) -> tuple[float, Vector]:
        """The value and the gradient `(size,)` at a weight, both flat."""
        weight = flat.reshape(self.shape)
        folded, bias = self.scaling.folded(weight)
        total = 0.0
        slope, added = np.zeros(folded.shape, np.float64), np.zeros(self.classes, np.float64)
        step = max(1, _BLOCK // self.shape[0])
        for begin in range(0, len(self.values), step):
            rows = slice(begin, begin + step)
            block = np.asarray(self.values[rows], dtype=np.float32)
            loss, residual = self.loss(block @ folded + bias, rows)
            total += loss
            slope += block.T @ residual
            added += residual.sum(axis=0, dtype=np.float64)
        slope -= np.outer(self.scaling.mean, added)
        gradient = np.concatenate([slope * self.scaling.factor[:, None], added[None]])
        pull, penalty = self._penalty(weight)
        return (total + penalty) / self._counted, (gradient + pull).ravel() / self._counted

    def without_penalty(self, value: float, flat: Vector) -> float:
        """The weighted mean loss alone, of the value at a weight."""
        return value - self._penalty(flat.reshape(self.shape))[1] / self._counted

    @property
    def _counted(self) -> float:
        return max(float(self.loss.weights.sum(dtype=np.float64)), 1e-9)

    def _penalty(self, weight: Vector) -> tuple[Vector, float]:
        apart = weight if self.centre is None else weight - self.centre
        pull = np.concatenate([self.l2 * apart[:-1], self.bias_l2 * apart[-1:]])
        return pull, 0.5 * float((pull * apart).sum())
