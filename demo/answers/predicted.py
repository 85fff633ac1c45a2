"""Texts with what every head predicts for them, from one pass, and what somebody says is right."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

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
    """The right answers of a file: a label for each text, or the entities of each text."""

    labels: tuple[str, ...] | None = None
    spans: tuple[tuple[TypedSpan, ...], ...] | None = None


@dataclass(frozen=True, eq=False)
class Predicted:
    """N analyses, without their embeddings where there are many; `seconds` is what the pass took.

    `key` is the model's, `stamp` tells this set from every other one.
    """

    stamp: int
    key: str
    analyses: tuple[Analysis, ...]
    tasks: Mapping[str, Task]
    seconds: float
    gold: Gold = Gold()

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in their order."""
        return tuple(analysis.text for analysis in self.analyses)


def predict_texts(model: Model, sentences: Sentences, *, key: str, gold: Gold) -> Iterator[ChunkProgress | Predicted]:
    """Run the model over the texts: progress after every chunk, the result at the end."""
    started, total = time.perf_counter(), len(sentences.texts)
    analyses: list[Analysis] = []
    for start in range(0, total, _CHUNK):
        found = model.analyze(list(sentences.texts[start : start + _CHUNK]))
        analyses += found if total <= _CHUNK else [replace(one, embedding=_NO_EMBEDDING) for one in found]
        if start + _CHUNK < total:
            yield ChunkProgress(start + _CHUNK, total, time.perf_counter() - started)
    yield Predicted(next(_stamps), key, tuple(analyses), model.tasks, time.perf_counter() - started, gold)


def fitting_task(tasks: Mapping[str, Task], names: Sequence[str], labels: set[str]) -> str | None:
    """Of the named tasks the one that knows most of the labels; None where none knows any."""
    known = {name: len(labels & set(tasks[name].labels)) for name in names}
    best = max(known, key=lambda name: known[name], default=None)
    return best if best is not None and known[best] else None
