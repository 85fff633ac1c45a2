"""Probabilities of tag sequences under the rules of BIO, from the probabilities of single words.

The only rule is that I-X follows B-X or I-X, so a step from word to word takes O(L) numbers where any transition
matrix would take O(L * L).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats

_LEAST = 1e-30


@dataclass(frozen=True, slots=True)
class ChainOutput:
    """Of S sentences: `marginals` `(S, W, L)` of each tag, and the logarithm `(S,)` of the share of legal sequences."""

    marginals: Floats
    log_legal: NDArray[np.float64]


def legal_chain(probabilities: Floats, mask: NDArray[np.bool_]) -> ChainOutput:
    """Forward-backward over legal sequences alone.

    Args:
        probabilities: `(S, W, L)` of words by themselves, tags in the order of `TagSet`: O, then B-X, I-X for each X.
        mask: `(S, W)`, words come first.
    """
    sentences, words, tags = probabilities.shape
    if not words:
        return ChainOutput(probabilities, np.zeros(sentences))
    inside, begin = np.arange(2, tags, 2), np.arange(1, tags, 2)
    alpha = np.zeros(probabilities.shape, dtype=np.float32)
    log_legal = np.zeros(sentences)
    step = probabilities[:, 0].copy()
    step[:, inside] = 0
    for i in range(words):
        if i:
            step = probabilities[:, i].copy()
            step[:, inside] *= alpha[:, i - 1][:, begin] + alpha[:, i - 1][:, inside]
        total = np.maximum(step.sum(axis=1), _LEAST)
        log_legal += np.where(mask[:, i], np.log(total), 0)
        alpha[:, i] = np.where(mask[:, i, None], step / total[:, None], alpha[:, i - 1] if i else step)
    beta = np.ones(probabilities.shape, dtype=np.float32)
    for i in range(words - 2, -1, -1):
        ahead = probabilities[:, i + 1] * beta[:, i + 1]
        found = np.repeat((ahead[:, 0] + ahead[:, begin].sum(axis=1))[:, None], tags, axis=1)
        found[:, begin] += ahead[:, inside]
        found[:, inside] += ahead[:, inside]
        found /= np.maximum(found.max(axis=1, keepdims=True), _LEAST)
        beta[:, i] = np.where(mask[:, i + 1, None], found, 1)
    marginals = alpha * beta
    marginals /= np.maximum(marginals.sum(axis=2, keepdims=True), _LEAST)
    return ChainOutput(marginals * mask[..., None], log_legal)
