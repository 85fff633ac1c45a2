"""Losses that train the embedding itself from scored pairs."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from mtl.recipe.choices import SimilarityLoss
from mtl.recipe.schema import HeadConfig

_COSENT_SCALE = 20.0


class SimilarityHead(nn.Module):
    """Cosine of two embeddings; it has no parameters."""

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.kind = config.loss

    @property
    def ranks(self) -> bool:
        """Whether the loss compares each pair with the others of its batch."""
        return self.kind is SimilarityLoss.COSENT

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """`(B,)` cosines of `(B, H)` embeddings."""
        return cosine_similarity(first, second, dim=-1)

    def loss(self, cosines: Tensor, scores: Tensor) -> Tensor:
        """Mean over pairs for `cosine`; for `cosent` the log-sum-exp over all pairs in the wrong order (Su 2022)."""
        if self.kind is SimilarityLoss.COSINE:
            return torch.mean((cosines - scores) ** 2)
        scaled = cosines * _COSENT_SCALE
        differences = scaled.unsqueeze(1) - scaled.unsqueeze(0)
        ordered = scores.unsqueeze(1) < scores.unsqueeze(0)
        wrong = differences.masked_fill(~ordered, float("-inf")).flatten()
        return torch.logsumexp(torch.cat([wrong.new_zeros(1), wrong]), dim=0)
