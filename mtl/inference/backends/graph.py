"""Backbone, pooling and every head as one module of plain tensors: what backends run and export."""

from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor, nn

from mtl.encoder import Encoded, TokenBatch
from mtl.heads import TaggingHead
from mtl.inference.backends.interface import Outputs
from mtl.model import MultiTaskModel
from mtl.recipe.choices import TaskKind

INPUTS = ("ids", "mask", "type_ids", "first_tokens")
WORD_STATES = "word states"
"""The output of this name has the states `(B, W, K * H)` of the words' first tokens."""


class Graph(nn.Module):
    """A model in eval mode whose forward takes and gives tensors only.

    Args:
        model: encoder and heads; similarity heads have nothing to run.
        tasks: those whose heads run; None for all.
        word_states: whether the states that tagging heads read are an output too, after the emissions.
    """

    def __init__(
        self, model: MultiTaskModel, tasks: Collection[str] | None = None, *, word_states: bool = False
    ) -> None:
        super().__init__()
        self.model = model
        kinds = {name: task.kind for name, task in model.tasks.items() if tasks is None or name in tasks}
        self.classifiers = [name for name, kind in kinds.items() if kind is TaskKind.CLASSIFICATION]
        self.taggers = [name for name, kind in kinds.items() if kind is TaskKind.TAGGING]
        self.taggers += [WORD_STATES] if word_states else []

    def forward(self, ids: Tensor, mask: Tensor, type_ids: Tensor, first_tokens: Tensor) -> tuple[Tensor, ...]:
        """`pooled` `(B, H)`, then logits `(B, C)` by classifier, then emissions `(B, W, L)` by tagger.

        `ids`, `mask` and `type_ids` are `(B, T)`, `first_tokens` `(B, W)`, as in `TokenBatch`.
        """
        return self.run(TokenBatch(ids, mask, type_ids, first_tokens, first_tokens >= 0))

    def run(self, batch: TokenBatch) -> tuple[Tensor, ...]:
        """As `forward`, from a batch that may have cached activations."""
        encoded = self.model.encoder(batch)
        pooled = encoded.pooled.float()
        heads = self.model.heads
        with torch.autocast(pooled.device.type, enabled=False):
            classes = [heads[name](pooled) for name in self.classifiers]
            emissions = [self._emissions(name, encoded, batch.first_tokens) for name in self.taggers]
        return (pooled, *classes, *emissions)

    def _emissions(self, name: str, encoded: Encoded, first_tokens: Tensor) -> Tensor:
        if name == WORD_STATES:
            states = encoded.hidden if encoded.layers is None else encoded.layers.flatten(2)
            rows = torch.arange(states.shape[0], device=states.device).unsqueeze(1)  # traced, as `len` is not
            return states[rows, first_tokens].float()
        head = self.model.heads[name]
        assert isinstance(head, TaggingHead)
        emissions: Tensor = head(head.reads(encoded).float(), first_tokens)
        return emissions

    def outputs(self, tensors: Sequence[Tensor]) -> Outputs:
        """The named outputs of what `forward` gave."""
        values: Iterator[Tensor] = iter(tensors)
        pooled = next(values).cpu().numpy()
        classes = {name: next(values).float().cpu().numpy() for name in self.classifiers}
        return Outputs(pooled, classes, {name: next(values).cpu().numpy() for name in self.taggers})
