"""Hidden layers that heads are made of."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mtl.recipe.choices import Activation
from mtl.recipe.tasks import HeadConfig

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    Activation.TANH: nn.Tanh,
    Activation.GELU: nn.GELU,
    Activation.RELU: nn.ReLU,
}


class Dropout(nn.Module):
    """Dropout that spends one random byte on a number; `nn.Dropout` draws them one by one on a processor.

    That would be the larger part of a step on features that are read from the cache. The rate is rounded to a
    multiple of 1/256; what is kept is scaled by the rounded rate, so that the expectation stays the input.

    Args:
        rate: the share that is set to zero.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self._dropped = min(255, max(1, round(256 * rate))) if rate > 0 else 0

    def forward(self, values: Tensor) -> Tensor:
        """The input, in train mode with some of its numbers zero."""
        if not self.training or not self._dropped:
            return values
        count = values.numel()
        numbers = torch.empty(-(-count // 8), dtype=torch.int64, device=values.device).random_(-(2**63), None)
        kept = numbers.view(torch.uint8)[:count].view(values.shape) >= self._dropped
        return values * kept.to(values.dtype).mul_(256 / (256 - self._dropped))


class LayerMix(nn.Module):
    """A learned weighted mean of the states of all layers, scaled (Peters et al. 2018, equation 1).

    Args:
        states: K, how many states a token has.
    """

    def __init__(self, states: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(states))
        self.scale = nn.Parameter(torch.ones(()))

    @property
    def weights(self) -> Tensor:
        """How much each state counts, `(K,)`."""
        return self.scale * torch.softmax(self.scores, dim=0)

    def forward(self, layers: Tensor) -> Tensor:
        """`(…, H)` from `(…, K, H)`."""
        return self.scale * torch.einsum("...kh,k->...h", layers, torch.softmax(self.scores, dim=0))


class OneLayer(nn.Module):
    """The state after one layer; it has no parameters.

    Args:
        layer: counted from 1; the states begin with that before the first layer.
        states: K, how many states a token has.
    """

    def __init__(self, layer: int, states: int) -> None:
        super().__init__()
        self.layer, self._states = layer, states

    @property
    def weights(self) -> Tensor:
        """How much each state counts, `(K,)`."""
        return torch.eye(self._states)[self.layer]

    def forward(self, layers: Tensor) -> Tensor:
        """`(…, H)` from `(…, K, H)`."""
        return layers[..., self.layer, :]


def hidden_layers(size: int, sizes: Sequence[int], config: HeadConfig) -> nn.Sequential:
    """Dense, activation, perhaps a layer norm, and dropout for each of `sizes`: `(…, sizes[-1])` from `(…, size)`."""
    layers: list[nn.Module] = []
    for before, after in zip((size, *sizes), sizes, strict=False):
        norm = [] if config.norm is None else [nn.LayerNorm(after, eps=config.norm)]
        layers += [nn.Linear(before, after), _ACTIVATIONS[config.activation](), *norm, Dropout(config.dropout)]
    return nn.Sequential(*layers)
