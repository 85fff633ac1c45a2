"""The device and the number format of a forward pass."""

from contextlib import AbstractContextManager, nullcontext

import torch

from mtl.recipe.choices import Precision


def best_device() -> torch.device:
    """CUDA or Apple's MPS where present, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """A context for forward passes in this precision; the weights stay in float32."""
    return torch.autocast(device.type, torch.bfloat16) if precision is Precision.BF16 else nullcontext()
