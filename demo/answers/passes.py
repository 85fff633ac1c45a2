"""One pass of a model over texts, with the data that views need in addition to the predictions."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from demo import palette
from mtl.inference.analysis import Analysis
from mtl.recipe import TaskKind
from mtl.text.subwords import Subword

NO_LABEL = "no label"
"""Instead of the labels of a text that has none."""
Limits = Mapping[str, Mapping[str, float]]
"""By multi-label task and label the probability from which the label is chosen."""


class Task(Protocol):
    """The part of an engine's task that the page uses."""

    @property
    def kind(self) -> TaskKind:
        """What the task predicts."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes, or entity types for tagging."""

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several of these classes, or none."""

    @property
    def limits(self) -> dict[str, float]:
        """Of a multi-label task: the probability from which each label is chosen."""


class Model(Protocol):
    """The part of an engine that the page uses."""

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The engine's heads by name."""

    @property
    def backbone(self) -> str:
        """The name of its backbone."""

    def analyze(self, sentences: Sequence[str]) -> list[Analysis]:
        """One analysis for each sentence."""

    def count_tokens(self, sentences: Sequence[str]) -> int:
        """The tokens that the model would read of sentences."""

    def subwords(self, sentence: str) -> Sequence[Subword]:
        """The tokens of a sentence."""


@dataclass(frozen=True)
class AnalyzedTexts:
    """The analyses of some texts, the seconds that they took, and the tasks of the model."""

    analyses: tuple[Analysis, ...]
    seconds: float
    tasks: Mapping[str, Task]
    groups: tuple[str, ...] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, in order."""
        return tuple(analysis.text for analysis in self.analyses)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The embeddings `(N, H)`."""
        return np.stack([analysis.embedding for analysis in self.analyses])

    @property
    def colours(self) -> palette.LabelColours:
        """The colour of each label."""
        return label_colours(self.tasks)


def analyze_texts(model: Model, texts: Sequence[str], *, groups: tuple[str, ...] | None = None) -> AnalyzedTexts:
    """Analyse the texts and measure the time."""
    started = time.perf_counter()
    analyses = tuple(model.analyze(list(texts)))
    return AnalyzedTexts(analyses, time.perf_counter() - started, model.tasks, groups)


def label_colours(tasks: Mapping[str, Task]) -> palette.LabelColours:
    """One colour for each label of all tasks."""
    return palette.assign(task.labels for task in tasks.values())


def names_of(tasks: Mapping[str, Task], kind: TaskKind) -> list[str]:
    """The names of the tasks of one kind."""
    return [name for name, task in tasks.items() if task.kind is kind]


def limits_of(tasks: Mapping[str, Task]) -> Limits:
    """The thresholds of the labels of every multi-label task."""
    return {name: task.limits for name, task in tasks.items() if task.multi_label}


def answer_of(analysis: Analysis, task: str) -> tuple[str, ...]:
    """The chosen labels of a classification task, the most probable first."""
    scores = analysis.classes[task]
    chosen = analysis.labels[task] if task in analysis.labels else (winner(scores)[0],)
    return tuple(sorted(chosen, key=lambda label: -scores[label]))


def winner(scores: Mapping[str, float]) -> tuple[str, float]:
    """The most probable label and its probability."""
    label = max(scores, key=lambda name: scores[name])
    return label, scores[label]
