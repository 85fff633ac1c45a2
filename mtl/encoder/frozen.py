"""States at the boundary of a frozen lower part: computed once for a set of texts, kept on disk, read each epoch."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mtl.batching import by_length, pack
from mtl.cache import RaggedRows, RaggedStore
from mtl.device import autocast
from mtl.encoder.encoder import Encoder
from mtl.encoder.tokens import TokenizedText, Tokenizer
from mtl.recipe.choices import Precision

FILL_TOKENS = 2048  # of a batch that is computed to be kept
_FORMAT = b"polyhead-states-1"


@dataclass(frozen=True)
class FrozenStates:
    """Gives texts their states at an encoder's boundary.

    Args:
        encoder: cut above `below` layers, which must be frozen and in eval mode.
        tokenizer: pads the batches.
        below: how many layers lie under the boundary.
        store: where the states are kept, two bytes a number.
        precision: of the passes, part of the key.
    """

    encoder: Encoder
    tokenizer: Tokenizer
    below: int
    store: RaggedStore
    precision: Precision = Precision.FP32

    def __call__(self, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        """The texts with their states, from the store where an earlier run left them.

        Their ids decide, not their words; without states where the store has no room for them.
        """
        digest = fingerprint(self.encoder, texts, below=self.below)
        digest.update(f"|{self.precision}".encode())
        key = digest.hexdigest()
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

    def bytes_of(self, texts: Sequence[TokenizedText]) -> int:
        """What the states of these texts take on disk."""
        return 2 * self.encoder.dimension * sum(map(len, texts))

    def _fill(self, out: RaggedRows, texts: Sequence[TokenizedText]) -> None:
        device = next(self.encoder.parameters()).device
        lengths = [len(text) for text in texts]
        for batch in pack(lengths, by_length(lengths), budget=FILL_TOKENS):
            tokens = self.tokenizer.pad([texts[row] for row in batch]).to(device)
            with autocast(self.precision, device):
                states = self.encoder.lower(tokens)
            halves = states.to(torch.float16).cpu().numpy()
            for row, values in zip(batch, halves, strict=True):
                out.row(row)[:] = values[: lengths[row]]


def fingerprint(encoder: Encoder, texts: Sequence[TokenizedText], *, below: int) -> "hashlib._Hash":
    """A digest of all that the states of these texts above `below` layers depend on."""
    digest = hashlib.sha256(_FORMAT)
    digest.update(f"{encoder.model.config.to_json_string()}|{below}|{encoder.dimension}".encode())
    parts = encoder.parts()
    above = parts.top if below == len(parts.layers) else ()
    for module in (*parts.bottom, *parts.layers[:below], *above):
        _hash_tensors(digest, module.state_dict().values())
    for text in texts:
        digest.update(np.asarray(text.ids, dtype=np.int32).tobytes())
        digest.update(np.asarray(text.type_ids, dtype=np.int8).tobytes() + b"\n")
    return digest


def _hash_tensors(digest: "hashlib._Hash", tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
