"""What a batch costs: the task's own loss, its weight, and the anchor of the embedding."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from mtl.encoder import Encoded
from mtl.heads import ClassificationHead, SimilarityHead, TaggingHead
from mtl.model import MultiTaskModel
from mtl.training.train_set import IGNORED, TrainBatch


@dataclass(frozen=True)
class BatchLoss:
    """`task` is the mean over the batch's units (sentences, words or pairs).

    `moved` is the mean over windows of 1 - cosine with the pooled vector by the untouched backbone, where it is known.
    """

    task: Tensor
    moved: Tensor | None


class LossWeights(nn.Module):
    """How much each task's loss counts: fixed weights, and where asked learned ones on top.

    Learned: exp(-s) L + s / 2 with one s a task (Kendall, Gal, Cipolla 2018, section 3.2); it follows the noise of a
    task's labels, not how much the task matters to you.

    Args:
        weights: the recipe's fixed weight of each task.
        learned: whether uncertainty weighting is on.
    """

    def __init__(self, weights: Mapping[str, float], *, learned: bool) -> None:
        super().__init__()
        self._fixed = dict(weights)
        self.log_variances = nn.ParameterDict({n: nn.Parameter(torch.zeros(())) for n in weights} if learned else {})

    def forward(self, task: str, loss: Tensor) -> Tensor:
        """The weighted loss of a task's batch."""
        weighted = self._fixed[task] * loss
        if task not in self.log_variances:
            return weighted
        s = self.log_variances[task]
        learned: Tensor = torch.exp(-s) * weighted + s / 2
        return learned

    def factors(self) -> dict[str, float]:
        """The factor of each task's loss now."""
        learned = {name: float(torch.exp(-s.detach())) for name, s in self.log_variances.items()}
        return {name: weight * learned.get(name, 1.0) for name, weight in self._fixed.items()}


def batch_loss(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
    """Run the model, in the modes that its freezing wants, on a batch of one task."""
    encoded = model.encoder(batch.tokens)
    moved = None
    if batch.anchors is not None:
        moved = (1.0 - cosine_similarity(encoded.pooled, batch.anchors.float(), dim=-1)).mean()
    return BatchLoss(_task_loss(model, batch, encoded), moved)


def unit_count(model: MultiTaskModel, batch: TrainBatch) -> float:
    """How many units (sentences, words or pairs) the loss of a batch is the mean of."""
    head = model.heads[batch.task]
    if isinstance(head, TaggingHead):
        known = batch.tokens.word_mask if head.is_crf else batch.tokens.word_mask & (batch.targets != IGNORED)
        return float(known.sum())
    if isinstance(head, ClassificationHead):
        known = batch.targets != IGNORED
        return float(known.sum() if batch.shares is None else (known * batch.shares).sum())
    return float(len(batch.targets))


def _task_loss(model: MultiTaskModel, batch: TrainBatch, encoded: Encoded) -> Tensor:
    head = model.heads[batch.task]
    if isinstance(head, TaggingHead):
        emissions = head(head.reads(encoded), batch.tokens.first_tokens)
        return head.loss(emissions, batch.targets, batch.tokens.word_mask, batch.sentences)
    if isinstance(head, SimilarityHead):
        first, second = encoded.embedding.chunk(2)
        return head.loss(head(first, second), batch.targets)
    assert isinstance(head, ClassificationHead)
    return head.loss(head(encoded.pooled), batch.targets, batch.shares)
