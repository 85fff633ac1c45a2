"""What is known of a task beside its weights."""

from dataclasses import dataclass
from typing import Protocol

from mtl.labels import DEFAULT_THRESHOLD, TagSet
from mtl.recipe.choices import SimilarityLoss, TaskKind
from mtl.recipe.tasks import HeadConfig


@dataclass(frozen=True)
class TaskInfo:
    """What a model knows of a task; `labels` are classes, or entity types for tagging, in stable order.

    Labels that a head met later follow those that it had. `multi_label` is a classification task whose texts have any
    number of labels; `thresholds` has the probability from which each label is chosen, and is empty until dev data
    give them. `temperature` divides the logarithms of the head's probabilities (`mtl.decoding.tempered`), and is 1
    until dev data give another.
    """

    name: str
    kind: TaskKind
    labels: tuple[str, ...]
    head: HeadConfig
    multi_label: bool = False
    thresholds: tuple[float, ...] = ()
    temperature: float = 1.0

    @property
    def limits(self) -> dict[str, float]:
        """Of a multi-label task: the probability from which each label is chosen."""
        thresholds = self.thresholds or (DEFAULT_THRESHOLD,) * len(self.labels)
        return dict(zip(self.labels, thresholds, strict=True))

    @property
    def tags(self) -> TagSet:
        """The tags of a tagging task."""
        return TagSet(self.labels)


class Headed(Protocol):
    """A task of a recipe or of a model."""

    @property
    def kind(self) -> TaskKind:
        """Its kind."""

    @property
    def head(self) -> HeadConfig:
        """The shape of its head, or its loss."""


def is_contrastive(task: Headed) -> bool:
    """Whether a task learns from pairs that belong together, not from scores: `loss: multiple_negatives`."""
    return task.kind is TaskKind.SIMILARITY and task.head.loss is SimilarityLoss.MULTIPLE_NEGATIVES
