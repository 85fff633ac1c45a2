"""Gradients of a batch: from one pass, or accumulated over micro-batches where one pass is limited or does not fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch

from mtl.device import autocast
from mtl.errors import TrainingError
from mtl.recipe.choices import Precision
from mtl.text.batching import pack
from mtl.training.losses import batch_loss, unit_counts
from mtl.training.sampler import BatchIndices
from mtl.training.setup import Trainer
from mtl.training.train_set import TrainBatch


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

    A batch split into micro-batches has the gradient of the whole batch: each micro-batch counts by its share of the
    units (sentences, words or pairs). The one exception is the ranking loss `cosent`, which compares only pairs of the
    same micro-batch.

    When memory runs out, micro-batches are half as large from then on, and `notices` says so.

    Args:
        limit: most tokens of a micro-batch, padding included; None runs every batch in one pass.
    """

    trainer: Trainer
    limit: int | None = None
    notices: list[str] = field(default_factory=list)

    def __call__(self, indices: BatchIndices) -> BatchOutcome:
        """Run one batch. If the loss is not finite, neither is `total`, and the gradients must not be used.

        Raises:
            TrainingError: not even a single text fits into memory.
        """
        while True:
            groups = list(self._split(indices))
            try:
                return self._run([self.trainer.batch(replace(indices, rows=rows)) for rows in groups])
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(indices, groups)

    def taken_notices(self) -> Iterator[str]:
        """The notices since the last call."""
        taken, self.notices = self.notices, []
        yield from taken

    def _split(self, indices: BatchIndices) -> Iterator[list[int]]:
        lengths = self._lengths(indices)
        if self.limit is None:
            yield indices.rows
            return
        for group in pack(lengths, range(len(lengths)), budget=self.limit):
            yield [indices.rows[i] for i in group]

    def _lengths(self, indices: BatchIndices) -> list[int]:
        lengths: list[int] = self.trainer.data.train[indices.name].lengths[indices.rows].tolist()
        return lengths

    def _halve(self, indices: BatchIndices, groups: list[list[int]]) -> None:
        assert self.trainer.schedule is not None
        self.trainer.schedule.optimization.optimizer.zero_grad(set_to_none=True)  # the loss weights' gradients too
        largest = max(len(group) * max(self._lengths(replace(indices, rows=group))) for group in groups)
        if all(len(group) == 1 for group in groups):
            raise TrainingError(
                f"memory ran out on a single text of {largest} tokens of {indices.name}; a lower max_length or more of "
                "the backbone frozen would help"
            )
        self.limit = max(1, largest // 2)
        self.notices.append(
            f"memory ran out on {largest} tokens, so from here gradients are accumulated over micro-batches of at most "
            f"{self.limit} tokens"
        )

    def _run(self, batches: list[TrainBatch]) -> BatchOutcome:
        trainer = self.trainer
        model, schedule = trainer.loaded.model, trainer.schedule
        assert schedule is not None
        units = [unit_counts(model, batch) for batch in batches]
        whole = {name: max(1e-9, sum(counts[name] for counts in units)) for name in units[0]}
        texts = sum(len(batch.tokens.ids) for batch in batches)
        losses, total = dict.fromkeys(whole, 0.0), 0.0
        for batch, counts in zip(batches, units, strict=True):
            precision = trainer.precision if batch.tokens.pooled is None else Precision.FP32  # heads alone are slower
            with autocast(precision, model.device):
                found = batch_loss(model, batch)
            minimised = torch.zeros((), device=model.device)
            for name, loss in found.tasks.items():
                share = counts[name] / whole[name] if len(batches) > 1 else 1.0
                minimised = minimised + schedule.weights(name, loss) * share
                losses[name] += share * float(loss.detach())
            if found.moved is not None:
                minimised = minimised + trainer.recipe.anchor * found.moved * (len(batch.tokens.ids) / texts)
            total += float(minimised.detach())
            # A stage may leave a task nothing to train, such as similarity while heads train.
            if minimised.requires_grad and minimised.isfinite():
                torch.autograd.backward(minimised)
        return BatchOutcome(losses, total, sum(batch.token_count for batch in batches))


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(said in str(error) for said in ("not enough memory", "out of memory", "can't allocate memory"))
