"""What is known of a task beside its weights."""

from dataclasses import dataclass

from mtl.labels import TagSet
from mtl.recipe.choices import TaskKind
from mtl.recipe.schema import HeadConfig


@dataclass(frozen=True)
class TaskInfo:
    """What a model knows of a task; `labels` are classes, or entity types for tagging, in stable order."""

    name: str
    kind: TaskKind
    labels: tuple[str, ...]
    head: HeadConfig

    @property
    def tags(self) -> TagSet:
        """The tags of a tagging task."""
        return TagSet(self.labels)
