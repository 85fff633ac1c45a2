"""Predictions of every head for many texts, from one pass, together with gold annotations."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from demo.answers.cost import chunks
from demo.answers.embedded import ChunkProgress
from demo.answers.passes import Model, Task
from demo.inputs.text_input import Sentences
from mtl.inference.analysis import Analysis
from mtl.labels import TypedSpan

_CHUNK = 1_000
_NO_EMBEDDING = np.zeros(0, dtype=np.float32)
_stamps = count(1)


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold annotations of a file: a label for each text, a set of labels, or the entities of each text."""

    labels: tuple[str, ...] | None = None
    label_sets: tuple[tuple[str, ...], ...] | None = None
    spans: tuple[tuple[TypedSpan, ...], ...] | None = None


@dataclass(frozen=True, eq=False)
class Predicted:
    """N analyses; if there are many, without embeddings. `seconds` is the time of the pass.

    `key` identifies the model and `state` its files, as `Engines.state`; `stamp` identifies this set of predictions.
    """

    stamp: int
    key: str
    analyses: tuple[Analysis, ...]
    tasks: Mapping[str, Task]
    seconds: float
    gold: Gold = Gold()
    state: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, in order."""
        return tuple(analysis.text for analysis in self.analyses)


def predict_texts(
    model: Model, sentences: Sentences, *, key: str, gold: Gold, state: str = ""
) -> Iterator[ChunkProgress | Predicted]:
    """Run the model on the texts; yields progress after each chunk and the result at the end.

    Args:
        model: what is run.
        sentences: what it reads.
        key: of the model.
        gold: annotations of the texts.
        state: of the model's files before it was loaded.
    """
    started, total = time.perf_counter(), len(sentences.texts)
    analyses: list[Analysis] = []
    for part in chunks(sentences.texts, _CHUNK):
        found = model.analyze(list(part))
        analyses += found if total <= _CHUNK else [replace(one, embedding=_NO_EMBEDDING) for one in found]
        if len(analyses) < total:
            yield ChunkProgress(len(analyses), total, time.perf_counter() - started)
    yield Predicted(next(_stamps), key, tuple(analyses), model.tasks, time.perf_counter() - started, gold, state)


def fitting_task(tasks: Mapping[str, Task], names: Sequence[str], labels: set[str]) -> str | None:
    """The named task that has most of these labels; None if no task has any of them."""
    known = {name: len(labels & set(tasks[name].labels)) for name in names}
    best = max(known, key=lambda name: known[name], default=None)
    return best if best is not None and known[best] else None
