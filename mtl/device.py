"""Where the numbers are crunched."""

import torch


def best_device() -> torch.device:
    """CUDA or Apple's MPS where present, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")
