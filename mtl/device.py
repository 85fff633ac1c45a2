"""The device and the number format of a forward pass."""

from contextlib import AbstractContextManager, nullcontext

import torch

from mtl.device_name import DEVICE, device_name
from mtl.distributed import world
from mtl.errors import InputError
from mtl.recipe.choices import Precision


def best_device() -> torch.device:
    """The device that `MTL_DEVICE` names, else CUDA or Apple's MPS where present, else the processor.

    Of several processes that train together each has its own.

    Raises:
        InputError: `MTL_DEVICE` names no device of this machine.
    """
    own = world().device
    if own is not None:
        return own
    if chosen := device_name():
        return _named(chosen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps") if torch.backends.mps.is_available() else torch.device("cpu")


def _named(name: str) -> torch.device:
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(f"{DEVICE} is {name!r}, expected a device of this machine, such as cpu or cuda:0.") from error


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """A context for forward passes in this precision; the weights stay in float32."""
    return torch.autocast(device.type, torch.bfloat16) if precision is Precision.BF16 else nullcontext()


def has_bf16(device: torch.device) -> bool:
    """Whether PyTorch computes in bf16 on this device itself; else it emulates it, far slower than fp32.

    Of processors those with AVX-512 count, which have instructions for it or for its conversion.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
