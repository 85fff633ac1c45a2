"""A model with the values that a checkpoint of it would have, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from mtl.checkpoint.store import LoadedModel, changed_parameters, fits
from mtl.distributed import own_part


@contextmanager
def as_stored(loaded: LoadedModel, dtype: torch.dtype) -> Iterator[None]:
    """Within this block the model computes with the tensors that `save` would write; then it is bit-equal to before.

    What is measured here is true of the checkpoint. Meanwhile a copy of the parameters that change by it is kept
    beside the model, as large as their gradients. Processes that hold the model in parts enter this together.

    Args:
        loaded: with `requires_grad` set as it will be when it is saved.
        dtype: of the checkpoint.
    """
    exact: list[tuple[Tensor, Tensor]] = []
    try:
        for parameter in changed_parameters(loaded).values() if dtype is not torch.float32 else ():
            if fits(parameter, dtype):
                own = own_part(parameter.detach())
                rounded = own.to(dtype).to(own.dtype)
                if not torch.equal(rounded, own):
                    exact.append((own, own.clone()))
                    own.copy_(rounded)
        yield
    finally:
        for own, before in exact:
            own.copy_(before)
