"""Hidden layers that heads are made of."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mtl.recipe.choices import Activation

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    Activation.TANH: nn.Tanh,
    Activation.GELU: nn.GELU,
    Activation.RELU: nn.ReLU,
}


class LayerMix(nn.Module):
    """A learned weighted mean of the states of all layers, scaled (Peters et al. 2018, equation 1).

    Args:
        states: K, how many states a token has.
    """

    def __init__(self, states: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(states))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, layers: Tensor) -> Tensor:
        """`(…, H)` from `(…, K, H)`."""
        return self.scale * torch.einsum("...kh,k->...h", layers, torch.softmax(self.scores, dim=0))


def hidden_layers(size: int, sizes: Sequence[int], *, activation: Activation, dropout: float) -> nn.Sequential:
    """Dense, activation and dropout for each of `sizes`, from `(…, size)` to `(…, sizes[-1])`."""
    layers: list[nn.Module] = []
    for before, after in zip((size, *sizes), sizes, strict=False):
        layers += [nn.Linear(before, after), _ACTIVATIONS[activation](), nn.Dropout(dropout)]
    return nn.Sequential(*layers)
