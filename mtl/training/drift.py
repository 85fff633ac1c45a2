"""A fixed sample of sentences that shows how far training moves the embedding."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.data import TaskData, texts_of
from mtl.text.tokenized import TokenizedTexts
from mtl.training.forward import run_model

_SIZE = 256


@dataclass(frozen=True)
class DriftSample:
    """Tokenised sentences and their embeddings `(N, H)` by the untouched backbone."""

    texts: TokenizedTexts
    before: NDArray[np.float32]


def sample_texts(data: Mapping[str, TaskData]) -> list[str]:
    """Up to 256 distinct sentences, as many from each task, evenly spaced over dev and then train, without chance."""
    chosen: list[str] = []
    share = max(1, _SIZE // len(data))
    for task in data.values():
        texts = list(dict.fromkeys(text for e in (*task.dev, *task.train) for text in texts_of(e)))
        chosen += [texts[i * len(texts) // min(share, len(texts))] for i in range(min(share, len(texts)))]
    return list(dict.fromkeys(chosen))


def draw_sample(untouched: LoadedModel, texts: TokenizedTexts) -> DriftSample:
    """Embed the sample before anything trains."""
    return DriftSample(texts, run_model(untouched, texts).embeddings)
