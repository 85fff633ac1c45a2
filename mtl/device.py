"""Where the numbers are crunched."""

from contextlib import AbstractContextManager, nullcontext

import torch

from mtl.recipe.choices import Precision


def best_device() -> torch.device:
    """CUDA or Apple's MPS where present, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")


def computing_in(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """A context for forward passes of this precision; the weights are not touched."""
    return torch.autocast(device.type, torch.bfloat16) if precision is Precision.BF16 else nullcontext()
