"""States at the boundary of a frozen lower part: computed once for a set of texts, kept on disk, read each epoch."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mtl.batching import by_length, pack
from mtl.cache import RaggedRows, RaggedStore
from mtl.encoder.encoder import Encoder
from mtl.encoder.tokens import TokenizedText, Tokenizer

_BATCH_TOKENS = 4096
_FORMAT = b"polyhead-states-1"


@dataclass(frozen=True)
class FrozenStates:
    """Gives texts their states at an encoder's boundary.

    Args:
        encoder: cut above `below` layers, which must be frozen and in eval mode.
        tokenizer: pads the batches.
        below: how many layers lie under the boundary.
        store: where the states are kept, two bytes a number.
    """

    encoder: Encoder
    tokenizer: Tokenizer
    below: int
    store: RaggedStore

    def __call__(self, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        """The texts with their states, from the store where an earlier run left them.

        Their ids decide, not their words; without states where the store has no room for them.
        """
        key = _key(texts, self.encoder, self.below)
        counts = [len(text) for text in texts]
        rows = self.store.open(key) or self.store.write(
            key, counts, size=self.encoder.dimension, fill=lambda out: self._fill(out, texts)
        )
        if rows is None:
            return [replace(text, states=None) for text in texts]
        return [replace(text, states=rows.row(i)) for i, text in enumerate(texts)]

    def in_memory(self, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        """The texts with their states, computed now and kept nowhere else."""
        rows = RaggedRows.empty([len(text) for text in texts], size=self.encoder.dimension)
        self._fill(rows, texts)
        return [replace(text, states=rows.row(i)) for i, text in enumerate(texts)]

    def _fill(self, out: RaggedRows, texts: Sequence[TokenizedText]) -> None:
        device = next(self.encoder.parameters()).device
        lengths = [len(text) for text in texts]
        for batch in pack(lengths, by_length(lengths), budget=_BATCH_TOKENS):
            states = self.encoder.lower(self.tokenizer.pad([texts[row] for row in batch]).to(device))
            halves = states.to(torch.float16).cpu().numpy()
            for row, values in zip(batch, halves, strict=True):
                out.row(row)[:] = values[: lengths[row]]


def _key(texts: Sequence[TokenizedText], encoder: Encoder, below: int) -> str:
    digest = hashlib.sha256(_FORMAT)
    digest.update(f"{encoder.model.config.to_json_string()}|{below}|{encoder.dimension}".encode())
    parts = encoder.parts()
    above = parts.top if below == len(parts.layers) else ()
    for module in (*parts.bottom, *parts.layers[:below], *above):
        _hash_tensors(digest, module.state_dict().values())
    for text in texts:
        digest.update(np.asarray(text.ids, dtype=np.int32).tobytes())
        digest.update(np.asarray(text.type_ids, dtype=np.int8).tobytes() + b"\n")
    return digest.hexdigest()


def _hash_tensors(digest: "hashlib._Hash", tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
