"""Many tensors as a few flat ones: a message costs more to begin than to carry."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

_NUMBERS = 1 << 23  # of a bucket


def buckets(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """The numbers of tensors one after the other, in flat tensors of one type, with the tensors that each holds."""
    parts: list[Tensor] = []
    size = 0
    for tensor in tensors:
        if parts and (size + tensor.numel() > _NUMBERS or tensor.dtype != parts[0].dtype):
            yield _flat(parts), parts
            parts, size = [], 0
        parts.append(tensor)
        size += tensor.numel()
    if parts:
        yield _flat(parts), parts


def _flat(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.detach().reshape(-1) for part in parts])
