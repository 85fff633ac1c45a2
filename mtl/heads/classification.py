"""One label a sentence: dense, activation, dropout, output."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mtl.heads.layers import Dropout, hidden_layers
from mtl.recipe.schema import HeadConfig


class ClassificationHead(nn.Module):
    """Class scores from the pooled vector.

    Args:
        config: the head's shape.
        size: H, the pooled vector's.
        classes: C.
        shared: a first hidden layer that other heads use too, with its output size.
    """

    def __init__(
        self, config: HeadConfig, *, size: int, classes: int, shared: tuple[nn.Module, int] | None = None
    ) -> None:
        super().__init__()
        sizes = (size,) if config.hidden is None else config.hidden
        # The shared layer is owned by the model: a tuple keeps it out of this module's parameters.
        self._shared = (shared[0],) if shared else ()
        first, own = (shared[1], sizes[1:]) if shared else (size, sizes)
        self.hidden = hidden_layers(first, own, activation=config.activation, dropout=config.dropout)
        self.dropout = Dropout(config.dropout if not sizes else 0.0)
        self.output = nn.Linear(own[-1] if own else first, classes)
        self.label_smoothing = config.label_smoothing

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits `(B, C)` from `(B, H)`."""
        for layer in self._shared:
            pooled = layer(pooled)
        logits: Tensor = self.output(self.dropout(self.hidden(pooled)))
        return logits

    def loss(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Mean cross-entropy over sentences; `classes` is `(B,)`, -100 for a label that the head lacks."""
        if bool((classes == -100).all()):
            return logits.sum() * 0.0
        return cross_entropy(logits, classes, label_smoothing=self.label_smoothing if self.training else 0.0)

    @staticmethod
    def probabilities(logits: Tensor) -> Tensor:
        """`(B, C)`, rows sum to 1."""
        return torch.softmax(logits.float(), dim=-1)
