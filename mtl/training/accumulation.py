"""Gradients of a batch: from one pass, or accumulated over micro-batches where one pass is limited or does not fit."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from mtl.device import autocast
from mtl.distributed import is_shared, lost_as_error, world
from mtl.errors import TrainingError
from mtl.heads import SimilarityHead
from mtl.optim import Optimization
from mtl.recipe.choices import Precision
from mtl.training.counting import BatchCounts, count_units
from mtl.training.grouping import packed_groups
from mtl.training.losses import batch_loss
from mtl.training.ranking import SharedPairs
from mtl.training.sampler import BatchIndices
from mtl.training.setup import Trainer
from mtl.training.train_set import TrainBatch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The loss of a batch: `losses` of each task are unweighted means over its units, `total` was minimised."""

    losses: Mapping[str, float]
    total: float
    token_count: int

    @property
    def task(self) -> str:
        """The names of the tasks."""
        return " + ".join(self.losses)

    @property
    def loss(self) -> float:
        """The losses of all tasks together."""
        return sum(self.losses.values())


@dataclass
class GradientAccumulator:
    """Runs batches forward and backward and leaves the gradients in the parameters.

    Several processes share each batch, and each may split its part into micro-batches. Either way the gradient is that
    of the whole batch: a pass counts by its share of the units (sentences, words or pairs). The exceptions are the
    losses `cosent` and `multiple_negatives`, which compare only pairs of the same micro-batch; those with the same
    first sentence are in one, as far as it has room for them.

    When memory runs out, micro-batches are half as large from then on, and the trainer's `notices` say so.

    Args:
        limit: most tokens of a micro-batch, padding included; None runs every batch in one pass.
    """

    trainer: Trainer
    limit: int | None = None

    def __call__(self, indices: BatchIndices) -> BatchOutcome:
        """Run one batch. If the loss is not finite, neither is `total`, and the gradients must not be used.

        Raises:
            TrainingError: not even a single text fits into memory, or another process has ended.
        """
        if world().size > 1 and self.trainer.stage is not None:
            _ = self.trainer.stage.train  # filled by all together, also by a process that has no text of this batch
        own = replace(indices, rows=world().shard(indices.rows))
        while True:
            groups = list(self._split(own))
            outcome = self._attempt(indices, groups)
            if outcome is not None:
                return outcome
            self._halve(own, groups)

    def _attempt(self, indices: BatchIndices, groups: list[list[int]]) -> BatchOutcome | None:
        """Run the rows of this process; None if memory ran out, here or in another process."""
        every = [*groups, *self._idle(indices, groups)] if world().shards else groups
        batches = _unless_full(lambda: [self.trainer.batch(replace(indices, rows=rows)) for rows in every])
        tasks = self.trainer.data.train[indices.name].tasks
        counts = count_units(self.trainer.loaded.model, tasks, None if batches is None else batches[: len(groups)])
        if counts is None or batches is None:
            return None
        pairs = self._shared_pairs(indices, counts)
        outcome = _unless_full(lambda: self._run(batches, counts, pairs))
        if pairs is not None:
            pairs.complete()
        return outcome if world().size == 1 else self._added_up(outcome, list(tasks))

    def _idle(self, indices: BatchIndices, groups: list[list[int]]) -> list[list[int]]:
        """Rows that are run without counting, since each process takes part in as many passes as any other."""
        most = int(world().table([len(groups)]).max())
        return [groups[-1] if groups else indices.rows[:1]] * (most - len(groups))

    def _split(self, indices: BatchIndices) -> Iterator[list[int]]:
        lengths = self._lengths(indices)
        if self.limit is None:
            yield from [indices.rows] if indices.rows else []
            return
        groups = self.trainer.data.train[indices.name].groups
        own = None if groups is None else groups[indices.rows]
        for group in packed_groups(lengths, own, budget=self.limit):
            yield [indices.rows[i] for i in group]

    def _lengths(self, indices: BatchIndices) -> list[int]:
        lengths: list[int] = self.trainer.data.train[indices.name].lengths[indices.rows].tolist()
        return lengths

    def _halve(self, indices: BatchIndices, groups: list[list[int]]) -> None:
        self._optimization.optimizer.zero_grad(set_to_none=True)  # the loss weights' gradients too
        sizes = [len(group) * max(self._lengths(replace(indices, rows=group))) for group in groups]
        table = world().table([max(sizes, default=0), all(len(group) == 1 for group in groups)])
        largest = int(table[:, 0].max())
        if table[:, 1].all():
            raise TrainingError(
                f"memory ran out on a single text of {largest} tokens of {indices.name}; a lower max_length or more of "
                "the backbone frozen would help"
            )
        self.limit = max(1, largest // 2)
        self.trainer.notices.append(
            f"memory ran out on {largest} tokens, so from here gradients are accumulated over micro-batches of at most "
            f"{self.limit} tokens"
        )

    @property
    def _optimization(self) -> Optimization:
        assert self.trainer.schedule is not None
        return self.trainer.schedule.optimization

    def _shared_pairs(self, indices: BatchIndices, counts: BatchCounts) -> SharedPairs | None:
        """The pairs of the whole batch for losses that compare them, where no process splits its part."""
        head = self.trainer.loaded.model.heads[next(iter(counts.units))]
        if world().size == 1 or counts.most_passes > 1 or not isinstance(head, SimilarityHead) or not head.ranks:
            return None
        data, model = self.trainer.data.train[indices.name], self.trainer.loaded.model
        scores = torch.from_numpy(data.targets[indices.name][indices.rows]).to(model.device)
        if data.pair_texts is None:
            return SharedPairs(scores, world(), counts.passes)
        texts = torch.from_numpy(data.pair_texts[indices.rows]).to(model.device)
        return SharedPairs(scores, world(), counts.passes, texts, 2 * model.encoder.embedding_dimension)

    def _run(self, batches: list[TrainBatch], counts: BatchCounts, pairs: SharedPairs | None) -> BatchOutcome:
        trainer = self.trainer
        model, schedule = trainer.loaded.model, trainer.schedule
        assert schedule is not None
        losses, total = dict.fromkeys(counts.units, 0.0), 0.0
        for number, batch in enumerate(batches):
            precision = trainer.precision if batch.tokens.pooled is None else Precision.FP32  # heads alone are slower
            with autocast(precision, model.device):
                found = batch_loss(model, batch) if pairs is None else batch_loss(model, batch, pairs)
            minimised = torch.zeros((), device=model.device)
            for name, loss in found.tasks.items():
                share = counts.share(name, number) if pairs is None else pairs.share
                minimised = minimised + schedule.weights(name, loss) * share
                losses[name] += share * float(loss.detach())
            if found.moved is not None:
                windows = len(batch.tokens.ids) if number < len(counts.own) else 0
                minimised = minimised + trainer.recipe.anchor * found.moved * (windows / counts.windows)
            total += float(minimised.detach())
            # A stage may leave a task nothing to train, such as similarity while heads train.
            if minimised.requires_grad and (world().shards or minimised.isfinite()):
                torch.autograd.backward(minimised)
        return BatchOutcome(losses, total, sum(batch.token_count for batch in batches[: len(counts.own)]))

    def _added_up(self, outcome: BatchOutcome | None, tasks: list[str]) -> BatchOutcome | None:
        """The outcome and the gradients of all processes together."""
        held = self._optimization.parameters
        own = outcome or BatchOutcome(dict.fromkeys(tasks, 0.0), 0.0, 0)
        figures = [outcome is None, own.total, own.token_count, *(own.losses[name] for name in tasks)]
        table = world().table([*figures, *(p.grad is not None for p in held)])
        sums = table.sum(axis=0).tolist()
        if sums[0]:
            return None
        losses = dict(zip(tasks, sums[3:], strict=False))
        if math.isfinite(sums[1]):
            trained = [p for p, count in zip(held, sums[len(figures) :], strict=True) if count]
            world().sum_([_gradient(parameter) for parameter in trained if not is_shared(parameter.data)])
        return BatchOutcome(losses, sums[1], int(sums[2]))


def _gradient(parameter: nn.Parameter) -> Tensor:
    """Zeros where the texts of this process have nothing to do with the parameter."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def _unless_full(work: Callable[[], T]) -> T | None:
    """What the work gives, or None if memory ran out."""
    try:
        with lost_as_error():
            return work()
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        if world().shards:  # the others are in the middle of this pass
            raise TrainingError("memory ran out, a lower budget.micro_batch_tokens or more processes help") from error
        return None


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(said in str(error) for said in ("not enough memory", "out of memory", "can't allocate memory"))
