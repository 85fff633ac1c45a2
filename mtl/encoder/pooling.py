"""The six poolings, correct under padding; meanings of `sentence_transformers` Pooling."""

import torch
from torch import Tensor

from mtl.recipe.choices import Pooling


def pool(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Reduce hidden states to one vector a sentence.

    Args:
        hidden: `(B, T, H)`.
        mask: `(B, T)`, 1 for tokens and 0 for padding on either side; at least one token each.
        pooling: how.

    Returns:
        `(B, H)`, in float32 at least.
    """
    hidden = hidden.float() if hidden.dtype in (torch.float16, torch.bfloat16) else hidden
    match pooling:
        case Pooling.MEAN:
            return _sum(hidden, mask) / _count(hidden, mask)
        case Pooling.MEAN_SQRT_LEN:
            return _sum(hidden, mask) / _count(hidden, mask).sqrt()
        case Pooling.MAX:
            return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)
        case Pooling.CLS:
            return _at(hidden, mask.int().argmax(dim=1))
        case Pooling.LAST_TOKEN:
            return _at(hidden, mask.shape[1] - 1 - mask.int().flip(1).argmax(dim=1))
        case Pooling.WEIGHTED_MEAN:
            weights = mask.cumsum(dim=1) * mask  # 1, 2, 3 … from the first token on
            return _sum(hidden, weights) / _count(hidden, weights)


def _sum(hidden: Tensor, weights: Tensor) -> Tensor:
    return torch.bmm(weights.to(hidden.dtype).unsqueeze(1), hidden).squeeze(1)


def _count(hidden: Tensor, weights: Tensor) -> Tensor:
    return weights.sum(dim=1, keepdim=True).to(hidden.dtype).clamp(min=1e-9)


def _at(hidden: Tensor, position: Tensor) -> Tensor:
    return hidden[torch.arange(hidden.shape[0], device=hidden.device), position]
