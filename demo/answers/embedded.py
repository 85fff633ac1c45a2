"""Sentences embedded and predicted in one pass, kept by columns so that 100,000 of them fit."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from demo.answers.passes import Model, Task
from demo.inputs.text_input import Sentences
from mtl.inference.analysis import Analysis
from mtl.metrics.neighbours import Neighbours

NO_ENTITY = "no entity"
_CHUNK = 2_000
"""Sentences between two reports of progress."""
_stamps = count(1)


@dataclass(frozen=True, slots=True)
class ChunkProgress:
    """How many sentences of how many are done after so many seconds."""

    done: int
    total: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Embedded:
    """N sentences with their embeddings `(N, H)` and, for each task, what was predicted for each sentence.

    A classification task gives its winning label, a tagging task the type that most entities of the sentence have, or
    `NO_ENTITY`. `key` is the model's, `pooling` how the vectors were pooled (None: as the model does it), `stamp` tells
    this set from every other one, and `seconds` is the time of the pass.
    """

    stamp: int
    key: str
    texts: tuple[str, ...]
    vectors: NDArray[np.float32]
    labels: tuple[str, ...] | None
    predicted: Mapping[str, tuple[str, ...]]
    tasks: Mapping[str, Task]
    tokens: int
    cut: int
    seconds: float
    pooling: str | None = None

    @cached_property
    def neighbours(self) -> Neighbours:
        """The search among these sentences."""
        return Neighbours(self.vectors)


def embed_sentences(model: Model, sentences: Sentences, *, key: str) -> Iterator[ChunkProgress | Embedded]:
    """Run the model over the sentences: progress after every chunk, the result at the end."""
    started, total = time.perf_counter(), len(sentences.texts)
    vectors: list[NDArray[np.float32]] = []
    predicted: dict[str, list[str]] = {}
    tokens = cut = 0
    for start in range(0, total, _CHUNK):
        analyses = model.analyze(sentences.texts[start : start + _CHUNK])
        vectors.append(np.stack([analysis.embedding for analysis in analyses]))
        for analysis in analyses:
            tokens += analysis.tokens
            cut += analysis.cut_at is not None
            for task, answer in _answers(analysis):
                predicted.setdefault(task, []).append(answer)
        if start + _CHUNK < total:
            yield ChunkProgress(start + _CHUNK, total, time.perf_counter() - started)
    yield Embedded(
        stamp=next(_stamps),
        key=key,
        texts=sentences.texts,
        vectors=np.concatenate(vectors),
        labels=sentences.groups,
        predicted={task: tuple(answers) for task, answers in predicted.items()},
        tasks=model.tasks,
        tokens=tokens,
        cut=cut,
        seconds=time.perf_counter() - started,
    )


def _answers(analysis: Analysis) -> Iterator[tuple[str, str]]:
    for task, scores in analysis.classes.items():
        yield task, max(scores, key=lambda label: scores[label])
    for task, entities in analysis.entities.items():
        yield task, dominant([entity["entity_group"] for entity in entities])


def dominant(types: Sequence[str]) -> str:
    """The type that occurs most, the first of equals, or `NO_ENTITY`."""
    return Counter(types).most_common(1)[0][0] if types else NO_ENTITY
