"""The same sentences in two models: predictions, positions on a map, and drift."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.answers.passes import AnalyzedTexts, answer_of
from demo.maps.movement import movement
from demo.maps.projection import Projection, project
from mtl.inference.analysis import Analysis, Entity
from mtl.metrics.neighbours import Vectors, unit_length
from mtl.recipe import TaskKind

_FEWEST = 3
"""The fewest sentences for which neighbours are compared."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The prediction of a task for a sentence, before (None if the model had no such head) and after."""

    task: str
    before: tuple[str, ...] | None
    after: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether both models predict, and the predictions differ."""
        return self.before is not None and self.before != self.after


@dataclass(frozen=True)
class Change:
    """The predictions for N sentences, the cosine of each sentence with itself before, and points `(N, 2)` on one map.

    `cosines` and `places` are None if the two spaces have different sizes. `overlap` is the share of nearest neighbours
    kept, None for fewer than three sentences.
    """

    texts: tuple[str, ...]
    answers: tuple[tuple[Answer, ...], ...]
    cosines: Vectors | None
    places: tuple[Vectors, Vectors] | None
    overlap: float | None

    @property
    def drift(self) -> float | None:
        """1 − mean cosine of the sentences before and after."""
        return None if self.cosines is None else float(1 - self.cosines.mean())


def change(before: AnalyzedTexts, after: AnalyzedTexts) -> Change:
    """Compare two passes over the same sentences."""
    first, second = before.vectors, after.vectors
    alike = first.shape == second.shape
    cosines = (unit_length(first) * unit_length(second)).sum(axis=1) if alike else None
    places = None
    if alike and len(first) > 1:
        both = project(np.concatenate([first, second]), Projection.PCA)
        places = (both[: len(first)], both[len(first) :])
    answers = tuple(tuple(_answers(was, now, after)) for was, now in zip(before.analyses, after.analyses, strict=True))
    return Change(after.texts, answers, cosines, places, _overlap(first, second))


def _answers(was: Analysis, now: Analysis, after: AnalyzedTexts) -> list[Answer]:
    found = []
    for name, task in after.tasks.items():
        if task.kind is TaskKind.CLASSIFICATION:
            before = answer_of(was, name) if name in was.classes else None
            found.append(Answer(name, _sorted(before), _sorted(answer_of(now, name)) or ()))
        elif task.kind is TaskKind.TAGGING:
            spans = _spans(was.entities[name]) if name in was.entities else None
            found.append(Answer(name, spans, _spans(now.entities[name])))
    return found


def _spans(entities: Sequence[Entity]) -> tuple[str, ...]:
    return tuple(f"{entity['word']} {entity['entity_group']}" for entity in entities)


def _sorted(labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Without their order, which no answer is told by."""
    return None if labels is None else tuple(sorted(labels))


def _overlap(first: Vectors, second: Vectors) -> float | None:
    return movement(first, second).overlap if len(first) >= _FEWEST else None
