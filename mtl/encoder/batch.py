"""Padded windows as tensors: what a backbone and its heads read."""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from mtl.cache import ActivationKind, CachedActivations
from mtl.text.batching import Batch


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """`ids`, `mask`, `type_ids` are `(B, T)`; `first_tokens` and `word_mask` are `(B, W)`.

    At most one of two kinds of cached activations spares a part of the pass: `layer` `(B, T, H)`, the hidden states
    below the lowest trained layer, or `pooled` `(B, 1 + W, K * H)`, the pooled vector and the states of the words'
    first tokens; `first_tokens` then count words. `texts` `(B,)` says to which text each window belongs and `shares`
    `(B,)` how much it counts in its embedding, where a text may have several windows.
    """

    ids: Tensor
    mask: Tensor
    type_ids: Tensor
    first_tokens: Tensor
    word_mask: Tensor
    layer: Tensor | None = None
    pooled: Tensor | None = None
    texts: Tensor | None = None
    shares: Tensor | None = None

    def to(self, device: torch.device) -> "TokenBatch":
        """The batch on a device."""
        present = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(self, **{name: value.to(device) for name, value in present.items()})


def token_batch(batch: Batch, cached: CachedActivations | None = None) -> TokenBatch:
    """A batch of windows as tensors, with their activations where these are cached."""
    word_mask = torch.from_numpy(np.arange(batch.first_tokens.shape[1]) < batch.word_counts[:, None])
    ids, mask, type_ids = (torch.from_numpy(array) for array in (batch.ids, batch.mask, batch.type_ids))
    first = torch.from_numpy(batch.first_tokens)
    if cached is None:
        return TokenBatch(ids, mask, type_ids, first, word_mask)
    if cached.kind is ActivationKind.LAYER:
        layer = torch.from_numpy(cached.rows.padded(batch.rows, batch.ids.shape[1])).float()
        return TokenBatch(ids, mask, type_ids, first, word_mask, layer=layer)
    words = int(batch.word_counts.max(initial=0))
    pooled = torch.from_numpy(cached.rows.padded(batch.rows, 1 + words)).float()
    at = torch.arange(words).expand(len(ids), words)
    return TokenBatch(ids, mask, type_ids, at, word_mask[:, :words], pooled=pooled)
