"""What heads read of a backbone that is frozen whole: pooled vectors and word states, computed once and kept on disk.

A summary has `1 + W` rows against the `T` of the token states, and spares each later epoch the pooling too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl.batching import by_length, pack
from mtl.cache import RaggedRows, RaggedStore
from mtl.device import autocast
from mtl.encoder.encoder import Encoded, Encoder
from mtl.encoder.frozen import FILL_TOKENS, fingerprint
from mtl.encoder.tokens import TokenBatch, TokenizedText, Tokenizer
from mtl.recipe.choices import Precision


@dataclass(frozen=True)
class FrozenSummaries:
    """Gives texts their summaries by an encoder.

    Args:
        encoder: frozen whole and in eval mode.
        tokenizer: pads the batches.
        store: where the summaries are kept, two bytes a number.
        precision: of the passes, part of the key.
    """

    encoder: Encoder
    tokenizer: Tokenizer
    store: RaggedStore
    precision: Precision = Precision.FP32

    def __call__(self, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        """The texts with their summaries, from the store where an earlier run left them.

        Their ids and first tokens decide; without summaries where the store has no room for them.
        """
        key = self._key(texts)
        rows = self.store.open(key) or self.store.write(
            key, _counts(texts), size=self._size(texts), fill=lambda out: self._fill(out, texts)
        )
        if rows is None:
            return [replace(text, summary=None) for text in texts]
        return [replace(text, summary=rows.row(i)) for i, text in enumerate(texts)]

    def in_memory(self, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        """The texts with their summaries, computed now and kept nowhere else."""
        rows = RaggedRows.empty(_counts(texts), size=self._size(texts))
        self._fill(rows, texts)
        return [replace(text, summary=rows.row(i)) for i, text in enumerate(texts)]

    def bytes_of(self, texts: Sequence[TokenizedText]) -> int:
        """What the summaries of these texts take on disk."""
        return 2 * self._size(texts) * sum(_counts(texts))

    def _size(self, texts: Sequence[TokenizedText]) -> int:
        mixed = self.encoder.gives_layers and any(text.first_tokens for text in texts)
        return self.encoder.dimension * (self.encoder.states_count if mixed else 1)

    def _fill(self, out: RaggedRows, texts: Sequence[TokenizedText]) -> None:
        device = next(self.encoder.parameters()).device
        lengths = [len(text) for text in texts]
        for rows in pack(lengths, by_length(lengths), budget=FILL_TOKENS):
            batch = self.tokenizer.pad([replace(texts[row], summary=None, states=None) for row in rows]).to(device)
            with torch.no_grad(), autocast(self.precision, device):
                encoded = self.encoder(batch)
            values = _summarize(encoded, batch, size=out.values.shape[1])
            for row, summary in zip(rows, values, strict=True):
                out.row(row)[:] = summary[: 1 + len(texts[row].first_tokens)]

    def _key(self, texts: Sequence[TokenizedText]) -> str:
        digest = fingerprint(self.encoder, texts, below=len(self.encoder.parts().layers))
        digest.update(f"|summaries|{self.encoder.pooling}|{self._size(texts)}|{self.precision}".encode())
        for text in texts:
            digest.update(np.asarray(text.first_tokens, dtype=np.int32).tobytes() + b"\n")
        return digest.hexdigest()


def _summarize(encoded: Encoded, batch: TokenBatch, *, size: int) -> np.ndarray:
    """`(B, 1 + W, size)` in half precision: of every layer where size is more than H."""
    states, pooled = encoded.hidden.unsqueeze(2), encoded.pooled
    if size > pooled.shape[-1]:
        assert encoded.layers is not None
        states = encoded.layers
    rows = torch.arange(len(states), device=states.device).unsqueeze(1)
    words = states[rows, batch.first_tokens].flatten(2)
    first = torch.zeros(len(states), 1, size, dtype=words.dtype, device=words.device)
    first[:, 0, size - pooled.shape[-1] :] = pooled
    return torch.cat([first, words], dim=1).to(torch.float16).cpu().numpy()


def _counts(texts: Sequence[TokenizedText]) -> list[int]:
    return [1 + len(text.first_tokens) for text in texts]
