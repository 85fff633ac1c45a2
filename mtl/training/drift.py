"""A fixed sample of sentences that shows how far training moves the embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.checkpoint import LoadedModel
from mtl.data import TaskData, texts_of
from mtl.encoder import TokenizedText
from mtl.metrics import embedding_metrics
from mtl.prediction import embed

_SIZE = 256


@dataclass(frozen=True)
class DriftSample:
    """Tokenised sentences and their embeddings `(N, H)` by the untouched backbone."""

    texts: tuple[TokenizedText, ...]
    before: NDArray[np.float32]

    def metrics(self, loaded: LoadedModel) -> dict[str, float]:
        """`drift` and `neighbour_overlap` of the model as it is now."""
        return embedding_metrics(self.before, embed(loaded.model, loaded.tokenizer, self.texts))


def sample_texts(data: Mapping[str, TaskData]) -> list[str]:
    """Up to 256 distinct sentences, as many from each task, evenly spaced over dev and then train: no chance in it."""
    chosen: list[str] = []
    share = max(1, _SIZE // len(data))
    for task in data.values():
        texts = list(dict.fromkeys(text for e in (*task.dev, *task.train) for text in texts_of(e)))
        chosen += [texts[i * len(texts) // min(share, len(texts))] for i in range(min(share, len(texts)))]
    return list(dict.fromkeys(chosen))


def draw_sample(loaded: LoadedModel, texts: Sequence[TokenizedText]) -> DriftSample:
    """Embed the sample before anything trains."""
    return DriftSample(tuple(texts), embed(loaded.model, loaded.tokenizer, texts))
