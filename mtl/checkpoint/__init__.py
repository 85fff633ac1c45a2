"""Checkpoints: the difference to a named backbone; `mtl.checkpoint.store` saves and loads them, with torch."""

from mtl.checkpoint.config import CheckpointConfig, is_checkpoint, read_config

__all__ = ["CheckpointConfig", "is_checkpoint", "read_config"]
