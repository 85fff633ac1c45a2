"""A fixed sample of sentences that shows how far training moves the embedding."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.data import TaskData, texts_of
from mtl.data.keys import firsts, hashes
from mtl.recipe.choices import TaskKind
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
        each = 2 if task.config.kind is TaskKind.SIMILARITY else 1  # texts of an example
        distinct = firsts(hashes(text for e in chain(task.dev, task.train) for text in texts_of(e)))
        for i in range(min(share, len(distinct))):
            example, side = divmod(int(distinct[i * len(distinct) // min(share, len(distinct))]), each)
            inside = example < len(task.dev)
            found = task.dev[example] if inside else task.train[example - len(task.dev)]
            chosen.append(texts_of(found)[side])
    return list(dict.fromkeys(chosen))


def draw_sample(untouched: LoadedModel, texts: TokenizedTexts) -> DriftSample:
    """Embed the sample before anything trains."""
    return DriftSample(texts, run_model(untouched, texts).embeddings)
