"""The hidden states of one pass pooled in all six ways, to compare them."""

from collections.abc import Sequence
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from mtl.checkpoint import LoadedModel
from mtl.device import best_device
from mtl.encoder.pooling import pool
from mtl.inference.source import find_model, load_model
from mtl.prediction import forward
from mtl.recipe.choices import Pooling
from mtl.text import clean


class Poolings:
    """A model that gives each sentence six embeddings; make one with `Poolings.load`. Safe to share between threads."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._lock = Lock()
        self.own = loaded.model.encoder.pooling
        """The pooling that the model itself uses."""

    @classmethod
    def load(cls, name: str) -> "Poolings":
        """Load a checkpoint folder, a backbone, or the Hub id of either.

        Raises:
            CheckpointError, BackboneError: nothing that can be loaded has this name.
        """
        loaded = load_model(find_model(name))
        loaded.model.to(best_device())
        return cls(loaded)

    @torch.inference_mode()
    def encode(self, sentences: Sequence[str]) -> dict[Pooling, NDArray[np.float32]]:
        """Embeddings `(N, H)` float32 for every pooling; that of `own` equals what the engine gives."""
        encoder, tokenizer = self._loaded.model.encoder, self._loaded.tokenizer
        with self._lock:  # tokenizers keep their truncation settings in shared state
            tokens = tokenizer([clean(sentence) for sentence in sentences])
        found = {p: np.zeros((len(sentences), encoder.dimension), dtype=np.float32) for p in Pooling}
        for batch in forward(self._loaded.model, tokenizer, tokens):
            for pooling, vectors in found.items():
                pooled = pool(batch.encoded.hidden, batch.tokens.mask, pooling)
                pooled = normalize(pooled, dim=-1) if encoder.normalize else pooled
                vectors[batch.rows] = pooled.float().cpu().numpy()
        return found
