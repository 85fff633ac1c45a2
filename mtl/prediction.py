"""Forward passes over any number of tokenised texts, without gradients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mtl.batching import by_length, pack
from mtl.encoder import Encoded, TokenBatch, TokenizedText, Tokenizer
from mtl.model import MultiTaskModel

DEFAULT_BATCH_TOKENS = 4096


def embed(model: MultiTaskModel, tokenizer: Tokenizer, texts: Sequence[TokenizedText]) -> NDArray[np.float32]:
    """The embeddings `(N, H)` of tokenised texts."""
    embeddings = np.zeros((len(texts), model.encoder.dimension), dtype=np.float32)
    for batch in forward(model, tokenizer, texts):
        embeddings[batch.rows] = batch.encoded.embedding.float().cpu().numpy()
    return embeddings


@dataclass(frozen=True)
class ForwardBatch:
    """One batch after the backbone: which texts (`rows`, positions in the input), their tokens and states."""

    rows: list[int]
    tokens: TokenBatch
    encoded: Encoded


def forward(
    model: MultiTaskModel,
    tokenizer: Tokenizer,
    texts: Sequence[TokenizedText],
    *,
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
) -> Iterator[ForwardBatch]:
    """Run the backbone once over every text, in batches of like length up to `batch_tokens` tokens.

    The model must be in eval mode; the caller runs the heads that it wants, under `torch.inference_mode`.
    """
    lengths = [len(text) for text in texts]
    for rows in pack(lengths, by_length(lengths), budget=batch_tokens):
        tokens = tokenizer.pad([texts[row] for row in rows]).to(model.device)
        with torch.inference_mode():
            encoded = model.encoder(tokens)
        yield ForwardBatch(rows, tokens, encoded)
