"""Fixed sentences that show how far training moves the embedding, and whether it still tells what is alike."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.data import TaskData, texts_of
from mtl.data.keys import firsts, hashes
from mtl.metrics import embedding_metrics, similarity_metrics
from mtl.metrics.neighbours import unit_length
from mtl.recipe.choices import TaskKind
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer
from mtl.training.forward import run_model

_SIZE = 256
_PAIRS = Path(__file__).parent / "pairs.csv"


@dataclass(frozen=True)
class DriftSample:
    """Tokenised sentences, of which the first N are of the data and the others are scored pairs of our own, in English.

    `before` are the embeddings `(N, H)` of the first by the untouched backbone, `scores` `(P,)` those of the pairs.
    """

    texts: TokenizedTexts
    before: NDArray[np.float32]
    scores: tuple[float, ...]

    def metrics(self, embeddings: NDArray[np.float32]) -> dict[str, float]:
        """How far `embeddings` of all sentences are from where they were, and how well cosines follow the scores."""
        count = len(self.before)
        firsts, seconds = (unit_length(embeddings[begin::2]) for begin in (count, count + 1))
        similar = similarity_metrics(self.scores, (firsts * seconds).sum(axis=1).tolist())
        return embedding_metrics(self.before, embeddings[:count]) | {"spearman_cosine": similar["spearman_cosine"]}


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


def draw_sample(untouched: LoadedModel, tokenizer: WindowTokenizer, sentences: Sequence[str]) -> DriftSample:
    """Embed sentences of the data before anything trains, and add the scored pairs."""
    with _PAIRS.open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    scored = [pair[side] for pair in pairs for side in ("sentence1", "sentence2")]
    before = run_model(untouched, tokenizer.store(sentences)).embeddings
    scores = tuple(float(pair["score"]) for pair in pairs)
    return DriftSample(tokenizer.store([*sentences, *scored]), before, scores)
