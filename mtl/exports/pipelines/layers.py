"""A head as plain layers of numbers, and how they are put into the modules of another model."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mtl.errors import InputError
from mtl.heads import ClassificationHead, TaggingHead
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Activation

_ACTIVATIONS = {nn.Tanh: Activation.TANH, nn.GELU: Activation.GELU, nn.ReLU: Activation.RELU}
TINY = 2.0**-40
"""A scale at which activations are linear and a layer norm divides by the root of its epsilon alone, both to within
the rounding of float32; a power of two, so that scaling itself rounds nothing."""


class NotHeldError(InputError):
    """A task that the format cannot hold."""


@dataclass(frozen=True)
class Dense:
    """`activation(weight @ x + bias)`: weight `(out, in)` and bias `(out,)` in float64."""

    weight: Tensor
    bias: Tensor
    activation: Activation | None = None

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        return len(self.bias)


@dataclass(frozen=True)
class HeadLayers:
    """The hidden layers of a head and its output layer."""

    hidden: tuple[Dense, ...]
    output: Dense
    norm: nn.LayerNorm | None = None
    """After the activation of the one hidden layer."""


def layers_of(model: MultiTaskModel, task: str) -> HeadLayers:
    """The layers of a head, with the layer that it shares with others and the temperature in the last one.

    Dropout does nothing in use.
    """
    head = model.heads[task]
    assert isinstance(head, (ClassificationHead, TaggingHead))
    shared = model.shared[group] if (group := model.tasks[task].head.shared) else ()
    modules: list[nn.Module] = [*shared, *head.hidden]  # type: ignore[misc]
    hidden = [
        _dense(module, _ACTIVATIONS[type(after)])
        for module, after in zip(modules, modules[1:], strict=False)
        if isinstance(module, nn.Linear)
    ]
    norms = [module for module in modules if isinstance(module, nn.LayerNorm)]
    if norms and not (len(hidden) == 1 and model.encoder.model.config.model_type == "modernbert"):
        raise NotHeldError("only ModernBERT's classifier has a layer norm, and one hidden layer")
    last, temperature = _dense(head.output, None), model.tasks[task].temperature
    last = Dense(last.weight / temperature, last.bias / temperature)
    return HeadLayers(tuple(hidden), last, norms[0] if norms else None)


@torch.no_grad()
def fill(module: nn.Linear, weight: Tensor, bias: Tensor | None = None) -> None:
    """Set the first rows and columns of a linear map, and all others to zero."""
    module.weight.zero_()
    module.weight[: weight.shape[0], : weight.shape[1]] = weight.float()
    if module.bias is not None:
        module.bias.zero_()
        if bias is not None:
            module.bias[: len(bias)] = bias.float()


def _dense(module: nn.Linear, activation: Activation | None) -> Dense:
    return Dense(module.weight.detach().double(), module.bias.detach().double(), activation)
