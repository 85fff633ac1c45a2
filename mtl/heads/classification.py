"""The classes of a text, one or any number of them: dense, activation, dropout, output."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from mtl.heads.layers import Dropout, hidden_layers
from mtl.recipe.tasks import HeadConfig

_IGNORED = -100


class ClassificationHead(nn.Module):
    """Class scores from the pooled vector.

    Args:
        config: the head's shape.
        size: H, the pooled vector's.
        classes: C.
        shared: a first hidden layer that other heads use too, with its output size.
        multi_label: whether a text has any number of labels; then each logit is the odds of one label by itself.
    """

    class_weights: Tensor | None
    """`(C,)`, how much a text of each class counts in the loss; None for 1 each. It is set for training only."""

    def __init__(
        self,
        config: HeadConfig,
        *,
        size: int,
        classes: int,
        shared: tuple[nn.Module, int] | None = None,
        multi_label: bool = False,
    ) -> None:
        super().__init__()
        sizes = (size,) if config.hidden is None else config.hidden
        # The shared layer is owned by the model: a tuple keeps it out of this module's parameters.
        self._shared = (shared[0],) if shared else ()
        first, own = (shared[1], sizes[1:]) if shared else (size, sizes)
        self.hidden = hidden_layers(first, own, config)
        self.dropout = Dropout(config.dropout if not sizes else 0.0)
        self.output = nn.Linear(own[-1] if own else first, classes)
        self.label_smoothing = config.label_smoothing
        self.multi_label = multi_label
        self.register_buffer("class_weights", None, persistent=False)

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits `(B, C)` from `(B, H)`."""
        for layer in self._shared:
            pooled = layer(pooled)
        logits: Tensor = self.output(self.dropout(self.hidden(pooled)))
        return logits

    def loss(self, logits: Tensor, targets: Tensor, shares: Tensor | None = None) -> Tensor:
        """Mean cross-entropy over texts; for multi-label mean binary cross-entropy over texts and labels.

        Smoothing moves the targets 0 and 1 of the latter by half its amount towards each other.

        Args:
            logits: `(B, C)`.
            targets: `(B,)` classes, -100 for a label that the head lacks; for multi-label `(B, C)`, 1 for a label of
                the text, else 0, and rows of -100 for windows that do not count.
            shares: `(B,)`, how much each window counts of its text; None where each is a text.
        """
        smoothing = self.label_smoothing if self.training else 0.0
        if self.multi_label:
            wanted = targets.clamp(min=0).to(logits.dtype) * (1 - smoothing) + smoothing / 2
            losses = binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean(dim=1)
            counted = self._counted(targets, shares)
            return torch.sum(losses * counted) / counted.sum().clamp(min=1e-9)
        if not bool((targets != _IGNORED).any()):
            return logits.sum() * 0.0
        weights = None if self.class_weights is None else self.class_weights.to(logits.dtype)
        if shares is None:
            return cross_entropy(logits, targets, weight=weights, label_smoothing=smoothing)
        losses = cross_entropy(logits, targets, weight=weights, label_smoothing=smoothing, reduction="none")
        return (losses * shares).sum() / self.units(targets, shares).clamp(min=1e-9)

    def units(self, targets: Tensor, shares: Tensor | None = None) -> Tensor:
        """How many texts the mean of `loss` is over, `()`: by their shares and the weights of their classes."""
        return self._counted(targets, shares).sum()

    def _counted(self, targets: Tensor, shares: Tensor | None) -> Tensor:
        """How much each window `(B,)` counts."""
        known = targets != _IGNORED
        counted = (known.all(dim=1) if self.multi_label else known).float()
        if self.class_weights is not None:
            counted = counted * self.class_weights[targets.clamp(min=0)]
        return counted if shares is None else counted * shares
