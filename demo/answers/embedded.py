"""Embeddings and predictions of many sentences, stored as columns so that 100,000 sentences fit into memory."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from demo.answers.cost import chunks
from demo.answers.passes import NO_LABEL, Model, Task, answer_of
from demo.inputs.text_input import Sentences
from mtl.inference.analysis import Analysis
from mtl.metrics.neighbours import Neighbours

NO_ENTITY = "no entity"
_CHUNK = 2_000
"""Sentences between two progress reports."""
_stamps = count(1)


@dataclass(frozen=True, slots=True)
class ChunkProgress:
    """Sentences done, sentences in all, and the seconds so far."""

    done: int
    total: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Embedded:
    """N sentences with their embeddings `(N, H)` and the prediction of each task for each sentence.

    For classification the prediction is the most probable label, or `NO_LABEL` where none is chosen, for tagging the
    most frequent entity type or `NO_ENTITY`. `key` identifies the model and `state` its files, as `Engines.state`;
    `stamp` identifies this set of sentences. `pooling` is None for the pooling of the model. `seconds` is the time of
    the pass.
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
    state: str = ""
    source: Sentences | None = None
    """What was embedded, with all rows of the file where it is one."""

    @cached_property
    def neighbours(self) -> Neighbours:
        """The neighbour search over these sentences."""
        return Neighbours(self.vectors)


def embed_sentences(
    model: Model, sentences: Sentences, *, key: str, state: str = ""
) -> Iterator[ChunkProgress | Embedded]:
    """Run the model on the sentences; yields progress after each chunk and the result at the end.

    Args:
        model: what is run.
        sentences: what it reads.
        key: of the model.
        state: of its files before it was loaded.
    """
    started, total = time.perf_counter(), len(sentences.texts)
    vectors: list[NDArray[np.float32]] = []
    predicted: dict[str, list[str]] = {}
    done = tokens = cut = 0
    for part in chunks(sentences.texts, _CHUNK):
        analyses = model.analyze(part)
        vectors.append(np.stack([analysis.embedding for analysis in analyses]))
        for analysis in analyses:
            tokens += analysis.tokens
            cut += analysis.cut_at is not None
            for task, answer in _answers(analysis):
                predicted.setdefault(task, []).append(answer)
        done += len(part)
        if done < total:
            yield ChunkProgress(done, total, time.perf_counter() - started)
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
        state=state,
        source=sentences,
    )


def _answers(analysis: Analysis) -> Iterator[tuple[str, str]]:
    for task in analysis.classes:
        yield task, next(iter(answer_of(analysis, task)), NO_LABEL)
    for task, entities in analysis.entities.items():
        yield task, dominant([entity["entity_group"] for entity in entities])


def dominant(types: Sequence[str]) -> str:
    """The most frequent type, the first of several, or `NO_ENTITY`."""
    return Counter(types).most_common(1)[0][0] if types else NO_ENTITY
