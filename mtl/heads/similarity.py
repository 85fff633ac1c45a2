"""Losses that train the embedding itself from pairs."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from mtl.heads.multiple_negatives import multiple_negatives_loss
from mtl.recipe.choices import SimilarityLoss
from mtl.recipe.tasks import HeadConfig

_COSENT_SCALE = 20.0


class SimilarityHead(nn.Module):
    """Compares two embeddings; it has no parameters."""

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.kind = config.loss or SimilarityLoss.COSENT

    @property
    def ranks(self) -> bool:
        """Whether the loss compares each pair with the others of its batch."""
        return self.kind is not SimilarityLoss.COSINE

    @property
    def is_contrastive(self) -> bool:
        """Whether the loss compares each sentence with those of other pairs."""
        return self.kind is SimilarityLoss.MULTIPLE_NEGATIVES

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """What `loss` compares, of `(B, H)` embeddings: `(B,)` cosines.

        For `multiple_negatives` `(B, 2H)`: both embeddings of a pair, of length 1 and in float32.
        """
        if not self.is_contrastive:
            return cosine_similarity(first, second, dim=-1)
        return torch.cat([normalize(first.float(), dim=-1), normalize(second.float(), dim=-1)], dim=-1)

    def loss(self, compared: Tensor, scores: Tensor, texts: Tensor | None = None) -> Tensor:
        """Mean over pairs for `cosine`; for `cosent` the log-sum-exp over all pairs in the wrong order (Su 2022).

        For `multiple_negatives` see `multiple_negatives_loss`, in float32 under autocast too.

        Args:
            compared: what `forward` gives.
            scores: `(B,)`.
            texts: `(B, 2)`, numbers that tell which sentences are equal; `multiple_negatives` needs them.
        """
        if self.is_contrastive:
            assert texts is not None
            first, second = compared.chunk(2, dim=-1)
            with torch.autocast(compared.device.type, enabled=False):
                return multiple_negatives_loss(first, second, scores, texts)
        if self.kind is SimilarityLoss.COSINE:
            return torch.mean((compared - scores) ** 2)
        scaled = compared * _COSENT_SCALE
        differences = scaled.unsqueeze(1) - scaled.unsqueeze(0)
        ordered = scores.unsqueeze(1) < scores.unsqueeze(0)
        wrong = differences.masked_fill(~ordered, float("-inf")).flatten()
        return torch.logsumexp(torch.cat([wrong.new_zeros(1), wrong]), dim=0)
