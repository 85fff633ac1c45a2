"""The multiple negatives ranking loss: each sentence is to find its partner among the second sentences of a batch."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mtl.labels import POSITIVE_SCORE

_SCALE = 20.0


def multiple_negatives_loss(first: Tensor, second: Tensor, scores: Tensor, texts: Tensor) -> Tensor:
    """Cross entropy of 20 times the cosines of each first sentence with all second ones (Henderson et al. 2017).

    The pairs with a score of at least 0.5 are positive: the loss is the mean over them, 0 with a gradient of 0 where
    there are none. The second sentences of all other pairs are negatives; those of pairs with a lower score, the hard
    negatives, are nothing else. A candidate does not count as a negative of a sentence that it is equal to, nor where
    a positive pair of the batch has the same two sentences. The direction is from the first sentence to the second,
    as in `MultipleNegativesRankingLoss` of sentence-transformers, whose default has no other one either.

    Args:
        first: `(B, H)`, of length 1.
        second: `(B, H)`, of length 1.
        scores: `(B,)`.
        texts: `(B, 2)`, a number for each sentence of a pair; equal sentences have the same.
    """
    found = (scores >= POSITIVE_SCORE).nonzero().flatten()
    if not len(found):
        return (first.sum() + second.sum()) * 0.0
    logits = _SCALE * first[found] @ second.T
    return cross_entropy(logits.masked_fill(_not_negative(texts, found), float("-inf")), found)


def _not_negative(texts: Tensor, positives: Tensor) -> Tensor:
    """`(P, B)`: the candidates that are no negatives of the P first sentences, but for the partner itself."""
    names, numbers = torch.unique(texts, return_inverse=True)
    anchors, partners, candidates = numbers[positives, 0], numbers[positives, 1], numbers[:, 1]
    belong = torch.eye(len(names), dtype=torch.bool, device=texts.device)
    belong[anchors, partners] = belong[partners, anchors] = True
    left_out = belong[anchors][:, candidates]
    left_out[torch.arange(len(positives), device=texts.device), positives] = False
    return left_out
