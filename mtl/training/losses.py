"""What a batch costs: the task's own loss, its weight, and the anchor of the embedding."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from mtl.encoder import Encoded, TokenBatch
from mtl.heads import ClassificationHead, SimilarityHead, TaggingHead
from mtl.labels import POSITIVE_SCORE
from mtl.model import MultiTaskModel
from mtl.training.ranking import SharedPairs
from mtl.training.targets import IGNORED
from mtl.training.train_set import Targets, TrainBatch


@dataclass(frozen=True)
class BatchLoss:
    """Of each task the mean over its units (sentences, words or pairs).

    `moved` is the mean over windows of 1 - cosine with the pooled vector by the untouched backbone, where it is known.
    """

    tasks: Mapping[str, Tensor]
    moved: Tensor | None

    @property
    def task_sum(self) -> Tensor:
        """The losses of all tasks together, unweighted."""
        return torch.stack(list(self.tasks.values())).sum()


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


def batch_loss(model: MultiTaskModel, batch: TrainBatch, pairs: SharedPairs | None = None) -> BatchLoss:
    """Run the model, in the modes that its freezing wants, on a batch, once for all its tasks.

    Args:
        model: encoder and heads.
        batch: of tasks of the model.
        pairs: those of the other processes, which the pairs of the batch are compared with.
    """
    encoded = model.encoder(batch.tokens)
    moved = None
    if batch.anchors is not None:
        moved = (1.0 - cosine_similarity(encoded.pooled, batch.anchors, dim=-1)).mean()
    if pairs is not None:
        return BatchLoss({name: _ranking_loss(model.heads[name], encoded, pairs) for name in batch.targets}, moved)
    losses = {name: _task_loss(model.heads[name], encoded, batch.tokens, batch.targets[name]) for name in batch.targets}
    return BatchLoss(losses, moved)


def unit_counts(model: MultiTaskModel, batch: TrainBatch) -> dict[str, float]:
    """How many units (sentences, words, pairs or positive pairs) the loss of each task is the mean of."""
    return {name: _units(model.heads[name], batch.tokens, targets) for name, targets in batch.targets.items()}


def _units(head: nn.Module, tokens: TokenBatch, targets: Targets) -> float:
    known = targets.values != IGNORED
    if isinstance(head, TaggingHead):
        if not head.is_crf:
            return float((tokens.word_mask & known).sum())
        return float(tokens.word_mask.sum() if targets.sentences is None else (targets.sentences >= 0).sum())
    if isinstance(head, ClassificationHead):
        return float(head.units(targets.values, targets.shares))
    if isinstance(head, SimilarityHead) and head.is_contrastive:
        return float((targets.values >= POSITIVE_SCORE).sum())
    return float(len(targets.values))


def _ranking_loss(head: nn.Module, encoded: Encoded, pairs: SharedPairs) -> Tensor:
    assert isinstance(head, SimilarityHead)
    own = head(*encoded.embedding.chunk(2))
    return pairs.scaled(head.loss(pairs.compared(own), pairs.scores, pairs.texts))


def _task_loss(head: nn.Module, encoded: Encoded, tokens: TokenBatch, targets: Targets) -> Tensor:
    if isinstance(head, TaggingHead):
        emissions = head(head.reads(encoded), tokens.first_tokens)
        values = targets.values[:, : emissions.shape[1]]
        return head.loss(emissions, values, tokens.word_mask, targets.sentences)
    if isinstance(head, SimilarityHead):
        first, second = encoded.embedding.chunk(2)
        return head.loss(head(first, second), targets.values, targets.texts)
    assert isinstance(head, ClassificationHead)
    return head.loss(head(encoded.pooled), targets.values, targets.shares)
