"""The encoder and every head as one graph, by the inputs and outputs that users of ONNX know."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mtl.encoder import TokenBatch
from mtl.heads import TaggingHead
from mtl.model import MultiTaskModel
from mtl.recipe.choices import TaskKind

EMBEDDING = "sentence_embedding"
INPUTS: Mapping[str, str] = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""Of the graph, with the names that an `Encoding` of the library `tokenizers` has for them."""


class OnnxGraph(nn.Module):
    """A model in eval mode.

    Its inputs are `(B, T)` integers. It gives the embedding `(B, H)`, normalised where the model says so, then of each
    task the probabilities of the classes `(B, C)`, or the emissions of every token `(B, T, L)`; similarity tasks have
    none.
    """

    def __init__(self, model: MultiTaskModel) -> None:
        super().__init__()
        self.model = model
        self.tasks = {name: task for name, task in model.tasks.items() if task.kind is not TaskKind.SIMILARITY}

    @property
    def input_names(self) -> tuple[str, ...]:
        """All of `INPUTS`, the last only where the backbone takes it."""
        return tuple(INPUTS) if self.model.encoder.takes_types else tuple(INPUTS)[:2]

    @property
    def output_names(self) -> tuple[str, ...]:
        """`sentence_embedding`, then `TASK.probabilities` or `TASK.emissions` in the order of the tasks."""
        ends = {TaskKind.CLASSIFICATION: "probabilities", TaskKind.TAGGING: "emissions"}
        return (EMBEDDING, *(f"{name}.{ends[task.kind]}" for name, task in self.tasks.items()))

    def forward(self, ids: Tensor, mask: Tensor, type_ids: Tensor | None = None) -> tuple[Tensor, ...]:
        """All outputs in order."""
        types = torch.zeros_like(ids) if type_ids is None else type_ids
        none = ids[:, :0]
        encoded = self.model.encoder(TokenBatch(ids, mask, types, none, none.bool()))
        outputs = [encoded.embedding.float()]
        for name, task in self.tasks.items():
            head = self.model.heads[name]
            if isinstance(head, TaggingHead):
                outputs.append(head.scores(head.reads(encoded).float()))
            else:
                logits = head(encoded.pooled.float()) / task.temperature
                outputs.append(logits.sigmoid() if task.multi_label else logits.softmax(dim=-1))
        return tuple(outputs)
