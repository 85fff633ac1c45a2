"""One label a sentence: dense, activation, dropout, output."""

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

    def loss(self, logits: Tensor, classes: Tensor, shares: Tensor | None = None) -> Tensor:
        """Mean cross-entropy over texts.

        Args:
            logits: `(B, C)`.
            classes: `(B,)`, -100 for a label that the head lacks.
            shares: `(B,)`, how much each window counts of its text; None where each is a text.
        """
        known = classes != -100
        if not bool(known.any()):
            return logits.sum() * 0.0
        smoothing = self.label_smoothing if self.training else 0.0
        if shares is None:
            return cross_entropy(logits, classes, label_smoothing=smoothing)
        losses = cross_entropy(logits, classes, label_smoothing=smoothing, reduction="none")
        return (losses * shares).sum() / (shares * known).sum().clamp(min=1e-9)
