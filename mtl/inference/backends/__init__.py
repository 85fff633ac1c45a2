"""Ways to run a model: one small interface, PyTorch and OpenVINO behind it."""

from mtl.inference.backends.interface import (
    DEFAULT_BATCH_TOKENS,
    Backend,
    BackendName,
    Batch,
    InferencePrecision,
    Outputs,
)

__all__ = ["DEFAULT_BATCH_TOKENS", "Backend", "BackendName", "Batch", "InferencePrecision", "Outputs"]
