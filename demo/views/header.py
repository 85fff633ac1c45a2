"""The header of the page: its name, and the tasks of the model."""

from collections.abc import Mapping
from html import escape

from demo.answers.passes import Task
from mtl.recipe import TaskKind

BRAND = '<div class="ph-brand"><h1>Polyhead</h1><span>one encoder, many heads</span></div>'
NO_CHIPS = '<div class="ph-chips"></div>'
"""The chips before a model is chosen."""
_UNITS = {TaskKind.CLASSIFICATION: "labels", TaskKind.TAGGING: "entity types"}


def chips(tasks: Mapping[str, Task]) -> str:
    """A chip for each task of a model."""
    made = "".join(
        f'<span class="ph-chip"><bdi>{escape(name)}</bdi>{_size(task)}</span>' for name, task in tasks.items()
    )
    return f'<div class="ph-chips">{made or "<span class=ph-chip>embeddings only</span>"}</div>'


def _size(task: Task) -> str:
    unit = _UNITS.get(task.kind)
    return f"<small>{len(task.labels)} {unit}</small>" if unit else ""
