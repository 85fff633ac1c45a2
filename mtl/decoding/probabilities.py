"""Logits as probabilities, in NumPy, and probabilities at a temperature."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_LEAST, _MOST = float(np.finfo(np.float32).tiny), 1 - 2.0**-25  # of a probability whose logarithm is taken


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    return np.exp(log_softmax(logits))


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of labels that do not exclude each other."""
    result: Floats = np.exp(-np.logaddexp(np.float32(0), -logits))
    return result


def tempered(probabilities: Floats, temperature: float, *, multi_label: bool = False) -> Floats:
    """Probabilities whose logarithms are divided by a temperature: above 1 they are less certain, below it more.

    For a text in one window this is a division of the logits. The order of the classes stays, and so does the order of
    texts by the probability of a label of a multi-label task. At 1 nothing changes.

    Args:
        probabilities: `(N, C)`; each row adds up to 1, but for a multi-label task.
        temperature: above 0.
        multi_label: whether each label has a probability of its own.

    Source:
        Guo et al. 2017, *On Calibration of Modern Neural Networks*, section 4.2.
    """
    if temperature == 1:
        return probabilities
    if multi_label:
        return sigmoid((log_odds(probabilities) / temperature).astype(np.float32))
    logarithms = np.log(probabilities.astype(np.float64).clip(min=_LEAST))
    return softmax((logarithms / temperature).astype(np.float32))


def log_odds(probabilities: Floats) -> NDArray[np.float64]:
    """The logits whose sigmoid these probabilities are; 0 and 1 count as the nearest number beside them."""
    inside = probabilities.astype(np.float64).clip(_LEAST, _MOST)
    result: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
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
