"""One encoder and its heads."""

from collections.abc import Mapping

import torch
from torch import nn

from mtl.encoder import Encoder
from mtl.errors import RecipeError
from mtl.heads import ClassificationHead, SimilarityHead, TaggingHead, hidden_layers
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo

__all__ = ["MultiTaskModel", "TaskInfo"]


class MultiTaskModel(nn.Module):
    """An encoder shared by a head for each task.

    Args:
        encoder: the backbone with pooling.
        tasks: by name; the order is kept.

    Raises:
        RecipeError: a task's name cannot name a module, heads that share a layer differ in its shape, or a head reads
            a layer that the encoder has not.
    """

    def __init__(self, encoder: Encoder, tasks: Mapping[str, TaskInfo]) -> None:
        super().__init__()
        self.encoder = encoder
        self.tasks = dict(tasks)
        self.shared = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        for name, task in tasks.items():
            if hasattr(self.heads, name):
                raise RecipeError(f"tasks.{name}: another name was expected, this one is taken by PyTorch")
            self.heads[name] = self._head(task)
        encoder.gives_layers = any(task.head.layers not in (None, "last") for task in tasks.values())

    def _head(self, task: TaskInfo) -> nn.Module:
        size = self.encoder.dimension
        match task.kind:
            case TaskKind.CLASSIFICATION:
                shared = self._shared_layer(task)
                return ClassificationHead(
                    task.head, size=size, classes=len(task.labels), shared=shared, multi_label=task.multi_label
                )
            case TaskKind.TAGGING:
                last = self.encoder.states_count - 1
                if isinstance(task.head.layers, int) and task.head.layers > last:
                    raise RecipeError(
                        f"tasks.{task.name}.head.layers: a layer of the backbone from 1 to {last} was expected, "
                        f"was {task.head.layers}"
                    )
                return TaggingHead(task.head, size=size, tags=task.tags, states=last + 1)
            case TaskKind.SIMILARITY:
                return SimilarityHead(task.head)

    def _shared_layer(self, task: TaskInfo) -> tuple[nn.Module, int] | None:
        group, size = task.head.shared, self.encoder.dimension
        if group is None:
            return None
        width = size if task.head.hidden is None else next(iter(task.head.hidden), 0)
        if not width:
            raise RecipeError(f"tasks.{task.name}.head: a shared layer needs a hidden size")
        if not group or "." in group or (hasattr(self.shared, group) and group not in self.shared):
            raise RecipeError(f"tasks.{task.name}.head.shared: {group!r} cannot name a layer, use another name")
        if group not in self.shared:
            self.shared[group] = hidden_layers(size, (width,), task.head)
        elif self.shared[group][0].out_features != width:  # type: ignore[index]
            raise RecipeError(
                f"tasks.{task.name}.head.hidden: {self.shared[group][0].out_features} was expected "  # type: ignore[index]
                f"as in the other heads that share {group!r}, was {width}"
            )
        return self.shared[group], width

    def head_modules(self, task: str) -> tuple[nn.Module, ...]:
        """The modules that belong to a task's head, a shared layer included."""
        group = self.tasks[task].head.shared
        return (self.heads[task], self.shared[group]) if group else (self.heads[task],)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device
