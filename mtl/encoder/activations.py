"""Activations of a frozen part of a backbone: computed once for a set of texts, kept on disk, read in each epoch."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtl.cache import ActivationKind, CachedActivations, RaggedRows, RaggedStore
from mtl.cache.filling import FeatureBackend, Passes, fill_rows
from mtl.device import autocast
from mtl.encoder.batch import TokenBatch, token_batch
from mtl.encoder.encoder import Encoder
from mtl.recipe.choices import Precision
from mtl.scratch import release_pages
from mtl.text.batching import Batch, Integers
from mtl.text.tokenized import TokenizedTexts

_BLOCK = 1 << 22  # numbers that are hashed at a time
_FORMAT = "polyhead-activations-1"


@dataclass(frozen=True)
class ActivationCache:
    """Computes the activations of windows, or reads those that an earlier run left.

    Args:
        encoder: in eval mode. For `layer` it is cut above `below` layers, and those are frozen; for `pooled` it is
            frozen whole.
        store: where activations are kept.
        kind: what is kept.
        below: layers under the cut.
        precision: of the passes.
        exact: whether to keep float32 instead of float16. Values too large for float16 are kept in float32 anyway.
        backend: what runs a frozen backbone instead of the encoder.
    """

    encoder: Encoder
    store: RaggedStore
    kind: ActivationKind
    below: int
    precision: Precision = Precision.FP32
    exact: bool = False
    backend: FeatureBackend | None = None

    def __call__(self, texts: TokenizedTexts) -> CachedActivations | None:
        """The activations of all windows; None where the store has no room for them.

        Raises:
            BackboneError: the backbone gives values that are not finite.
        """
        key = self.fill(texts)
        return None if key is None else self.open(key)

    def fill(self, texts: TokenizedTexts) -> str | None:
        """Compute the activations where the store lacks them; returns the key of the entry, else as a call."""
        key = self._key(texts)
        rows = self.store.open(key)
        for dtype in self._types() if rows is None else ():
            try:
                counts, size = self._counts(texts), self._size(texts)
                rows = self.store.write(key, counts, size=size, dtype=dtype, fill=lambda out: self._fill(out, texts))
                break
            except OverflowError:
                continue
        return None if rows is None else key

    def open(self, key: str) -> CachedActivations | None:
        """The entry of a key that `fill` gave, here or in another process; None where it is not to be seen."""
        rows = self.store.open(key)
        return None if rows is None else CachedActivations(self.kind, rows)

    def in_memory(self, texts: TokenizedTexts, windows: Integers | None = None) -> CachedActivations:
        """The activations of all or some windows, computed now and kept nowhere else; errors as a call."""
        counts = self._counts(texts)
        if windows is not None:
            counts = np.where(np.isin(np.arange(len(counts)), windows), counts, 0)
        rows = RaggedRows.empty(counts, size=self._size(texts), dtype=np.float32)
        self._fill(rows, texts)
        return CachedActivations(self.kind, rows)

    def bytes_of(self, texts: TokenizedTexts) -> int:
        """What the activations of these texts take on disk."""
        return np.dtype(self._types()[0]).itemsize * self._size(texts) * int(self._counts(texts).sum())

    def fits(self, texts: TokenizedTexts) -> bool:
        """Whether the store has room for the activations of these texts."""
        return self.store.has_room(self.bytes_of(texts))

    def _types(self) -> tuple[type[np.floating], ...]:
        return (np.float32,) if self.exact else (np.float16, np.float32)

    def _counts(self, texts: TokenizedTexts) -> Integers:
        return texts.lengths if self.kind is ActivationKind.LAYER else 1 + texts.word_counts

    def _size(self, texts: TokenizedTexts) -> int:
        mixed = self.kind is ActivationKind.POOLED and self.encoder.gives_layers and texts.word_counts.any()
        return self.encoder.dimension * (self.encoder.states_count if mixed else 1)

    def _fill(self, out: RaggedRows, texts: TokenizedTexts) -> None:
        size = out.values.shape[1]
        features = self.backend.features if self.backend else partial(self.passes, size=size)
        fill_rows(out, texts, features)

    def passes(self, batches: Iterable[Batch], *, size: int) -> Passes:
        """Each batch with its activations `(B, V, size)` by torch, as `FeatureBackend` gives them."""
        device = next(self.encoder.parameters()).device
        for batch in batches:
            with torch.no_grad(), autocast(self.precision, device):
                values = self._compute(token_batch(batch).to(device), size=size).float().cpu()
            yield batch, values.numpy()

    def _compute(self, batch: TokenBatch, *, size: int) -> Tensor:
        if self.kind is ActivationKind.LAYER:
            return self.encoder.lower(batch)
        encoded = self.encoder(batch)
        states, pooled = encoded.hidden.unsqueeze(2), encoded.pooled
        if size > pooled.shape[-1]:
            assert encoded.layers is not None
            states = encoded.layers
        rows = torch.arange(len(states), device=states.device).unsqueeze(1)
        words = states[rows, batch.first_tokens].flatten(2)
        first = torch.zeros(len(states), 1, size, dtype=pooled.dtype, device=pooled.device)
        first[:, 0, size - pooled.shape[-1] :] = pooled
        return torch.cat([first, words.to(pooled.dtype)], dim=1)

    def _key(self, texts: TokenizedTexts) -> str:
        """A hash of everything that the activations depend on."""
        encoder = self.encoder
        facts = (_FORMAT, encoder.model.config.to_json_string(), self.kind, self.below)
        values = self.backend.name if self.backend else self.precision
        digest = hashlib.sha256(repr((*facts, self._size(texts), values, self.exact)).encode())
        parts = encoder.parts()
        above = parts.top if self.below == len(parts.layers) else ()
        for module in (*parts.bottom, *parts.layers[: self.below], *above):
            _hash_tensors(digest, module.state_dict().values())
        arrays = texts.stored
        for array in (arrays.ids, arrays.type_ids, arrays.token_starts):
            _hash_array(digest, array)
        if self.kind is ActivationKind.POOLED:
            digest.update(encoder.pooling.encode())
            _hash_array(digest, arrays.first_tokens)
            _hash_array(digest, arrays.word_starts)
        return digest.hexdigest()


def _hash_array(digest: "hashlib._Hash", array: NDArray[np.integer] | None) -> None:
    if array is None:
        digest.update(b"none")
        return
    for begin in range(0, len(array), _BLOCK):
        digest.update(np.ascontiguousarray(array[begin : begin + _BLOCK]).data)
        release_pages()


def _hash_tensors(digest: "hashlib._Hash", tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
