"""Hidden layers that heads are made of."""

from collections.abc import Sequence

from torch import nn

from mtl.recipe.schema import Activation

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    Activation.TANH: nn.Tanh,
    Activation.GELU: nn.GELU,
    Activation.RELU: nn.ReLU,
}


def hidden_layers(size: int, sizes: Sequence[int], *, activation: Activation, dropout: float) -> nn.Sequential:
    """Dense, activation and dropout for each of `sizes`, from `(…, size)` to `(…, sizes[-1])`."""
    layers: list[nn.Module] = []
    for before, after in zip((size, *sizes), sizes, strict=False):
        layers += [nn.Linear(before, after), _ACTIVATIONS[activation](), nn.Dropout(dropout)]
    return nn.Sequential(*layers)
