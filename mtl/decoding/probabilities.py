"""Logits as probabilities, in NumPy."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    return np.exp(log_softmax(logits))


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of labels that do not exclude each other."""
    result: Floats = np.exp(-np.logaddexp(np.float32(0), -logits))
    return result


def log_softmax(values: Floats) -> Floats:
    """Logarithms of the probabilities over the last axis."""
    shifted = values - values.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def logsumexp(values: Floats, *, axis: int) -> Floats:
    """Logarithm of the sum of exponentials over an axis."""
    most = values.max(axis=axis, keepdims=True)
    result: Floats = (most + np.log(np.exp(values - most).sum(axis=axis, keepdims=True))).squeeze(axis)
    return result
