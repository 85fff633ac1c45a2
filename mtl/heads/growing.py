"""A head that has met new labels: the rows of the old ones stay as they are."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


@torch.no_grad()
def put_rows(head: nn.Module, trained: Mapping[str, Tensor]) -> None:
    """Put the tensors of a trained head into a fresh one that may have more labels, which come last.

    Each tensor fills the first rows (of transitions, the first rows and columns) of its counterpart; the rest keeps
    its fresh values.

    Args:
        head: the fresh one.
        trained: its counterpart's tensors by name.

    Raises:
        ValueError: the heads differ in more than their labels.
    """
    for name, fresh in head.state_dict().items():
        old = trained[name]
        if len(old.shape) != len(fresh.shape) or any(a > b for a, b in zip(old.shape, fresh.shape, strict=True)):
            raise ValueError(f"{name} of at most {tuple(fresh.shape)} was expected, was {tuple(old.shape)}")
        fresh[tuple(slice(size) for size in old.shape)] = old
