"""A Dense module of sentence-transformers in torch. It has buffers only: nothing trains, counts or saves it."""

import torch
from torch import Tensor, nn

from mtl.backbones.dense import DenseLayer


class FrozenDense(nn.Module):
    """`activation(weight @ x + bias)`, from `(N, in)` to `(N, out)`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, layer: DenseLayer) -> None:
        super().__init__()
        for name, values in zip(("weight", "bias"), layer.weight_and_bias(), strict=True):
            self.register_buffer(name, torch.from_numpy(values.copy()), persistent=False)
        self.activation: nn.Module = getattr(nn, layer.activation)()

    def forward(self, values: Tensor) -> Tensor:
        """The mapped vectors."""
        mapped: Tensor = self.activation(nn.functional.linear(values, self.weight, self.bias))
        return mapped
