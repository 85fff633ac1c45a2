"""Ways to run a model: one small interface, PyTorch and OpenVINO behind it."""

from mtl.inference.backends.interface import Backend, Batch, Outputs

__all__ = ["Backend", "Batch", "Outputs"]
