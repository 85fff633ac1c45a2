"""Polyhead: one encoder, many heads.

The names below load on first use, so that `import mtl` alone is quick. Tutorials: `docs/tutorials/` of the project.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl.errors import MtlError
    from mtl.fitting.heads import fit_heads
    from mtl.inference import Analysis, Engine, Entity, OutsideScore
    from mtl.planning import plan
    from mtl.recipe import Recipe
    from mtl.runs import Event
    from mtl.task import TaskInfo
    from mtl.training import train

__version__ = "0.1.0"
__all__ = [
    "Analysis",
    "Engine",
    "Entity",
    "Event",
    "MtlError",
    "OutsideScore",
    "Recipe",
    "TaskInfo",
    "__version__",
    "fit_heads",
    "plan",
    "train",
]

_PLACES = {
    "Analysis": "mtl.inference",
    "Engine": "mtl.inference",
    "Entity": "mtl.inference",
    "Event": "mtl.runs",
    "MtlError": "mtl.errors",
    "OutsideScore": "mtl.inference",
    "Recipe": "mtl.recipe",
    "TaskInfo": "mtl.task",
    "fit_heads": "mtl.fitting.heads",
    "plan": "mtl.planning",
    "train": "mtl.training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _PLACES:
        raise AttributeError(f"module 'mtl' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return value
