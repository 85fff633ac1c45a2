"""Checkpoints: saved as the difference to a named backbone, loaded on top of it."""

from mtl.checkpoint.config import CheckpointConfig, is_checkpoint, read_config
from mtl.checkpoint.store import LoadedModel, Snapshot, build, extend, load, save, tensor_bytes

__all__ = [
    "CheckpointConfig",
    "LoadedModel",
    "Snapshot",
    "build",
    "extend",
    "is_checkpoint",
    "load",
    "read_config",
    "save",
    "tensor_bytes",
]
