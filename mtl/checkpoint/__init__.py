"""Checkpoints: saved as the difference to a named backbone, loaded on top of it.

The names load on first use: what a checkpoint is can be read without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl.checkpoint.config import CheckpointConfig, is_checkpoint, read_config
    from mtl.checkpoint.store import LoadedModel, Snapshot, build, extend, load, out_of_range, save, tensor_bytes

__all__ = [
    "CheckpointConfig",
    "LoadedModel",
    "Snapshot",
    "build",
    "extend",
    "is_checkpoint",
    "load",
    "out_of_range",
    "read_config",
    "save",
    "tensor_bytes",
]

_IN_CONFIG = {"CheckpointConfig", "is_checkpoint", "read_config"}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module 'mtl.checkpoint' has no attribute {name!r}")
    return getattr(import_module(f"mtl.checkpoint.{'config' if name in _IN_CONFIG else 'store'}"), name)
