"""The hidden states of one pass pooled in all six ways, to compare them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.device import best_device
from mtl.encoder import token_batch
from mtl.encoder.pooling import pool
from mtl.inference.source import find_model, load_model
from mtl.recipe.choices import LongTexts, Pooling
from mtl.text import clean
from mtl.text.batching import by_length, pack

_BATCH_TOKENS = 4096


class Poolings:
    """A model that gives each sentence six embeddings; make one with `Poolings.load`. Safe to share between threads."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer.with_long_texts(LongTexts.CUT)
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
        """Embeddings `(N, H)` float32 for every pooling; a text that is too long is cut."""
        encoder = self._model.encoder
        texts = self._tokenizer([clean(sentence) for sentence in sentences])
        size = encoder.dense[-1].outputs if encoder.dense else encoder.dimension
        found = {p: np.zeros((len(sentences), size), dtype=np.float32) for p in Pooling}
        lengths = texts.lengths.tolist()
        for rows in pack(lengths, by_length(lengths), budget=_BATCH_TOKENS):
            batch = token_batch(texts.batch(rows)).to(self._model.device)
            hidden = encoder(batch).hidden
            for pooling, vectors in found.items():
                pooled = pool(hidden, batch.mask, pooling)
                vectors[rows] = encoder.embedding_of(pooled).float().cpu().numpy()
        return found
