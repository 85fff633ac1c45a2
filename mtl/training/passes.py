"""A batch forward and backward: in one pass, or added up over several where one is limited or does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch

from mtl.device import computing_in
from mtl.errors import TrainingError
from mtl.text.batching import pack
from mtl.training.losses import batch_loss, unit_count
from mtl.training.sampler import Draw
from mtl.training.setup import Trainer
from mtl.training.train_set import TrainBatch


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch cost: `loss` is the mean over its units, unweighted; `total` is what was minimised."""

    task: str
    loss: float
    total: float
    token_count: int


@dataclass
class Passes:
    """Runs batches and leaves their gradients in the parameters.

    A batch of several passes has the gradient of the whole: each pass counts by its share of the units (sentences,
    words or pairs). Only the ranking loss of `cosent` compares within a pass.

    Where memory runs out, the passes are made half as large from then on, and `notices` says so.
    """

    trainer: Trainer
    limit: int | None = None
    notices: list[str] = field(default_factory=list)

    def __call__(self, draw: Draw) -> BatchOutcome:
        """Run one batch; where the loss is no number, `total` says so and no gradient is worth anything.

        Raises:
            TrainingError: not even a single text fits into memory.
        """
        while True:
            groups = list(self._split(draw))
            try:
                return self._run([self.trainer.batch(Draw(draw.task, rows)) for rows in groups])
            except (RuntimeError, MemoryError) as error:
                if not _is_out_of_memory(error):
                    raise
                self._halve(draw, groups)

    def taken_notices(self) -> Iterator[str]:
        """What has come up since the last call."""
        taken, self.notices = self.notices, []
        yield from taken

    def _split(self, draw: Draw) -> Iterator[list[int]]:
        lengths = self._lengths(draw)
        if self.limit is None:
            yield draw.rows
            return
        for group in pack(lengths, range(len(lengths)), budget=self.limit):
            yield [draw.rows[i] for i in group]

    def _lengths(self, draw: Draw) -> list[int]:
        lengths = self.trainer.data.train[draw.task].lengths
        return [lengths[row] for row in draw.rows]

    def _halve(self, draw: Draw, groups: list[list[int]]) -> None:
        self.trainer.loaded.model.zero_grad(set_to_none=True)
        largest = max(len(group) * max(self._lengths(replace(draw, rows=group))) for group in groups)
        if all(len(group) == 1 for group in groups):
            raise TrainingError(
                f"memory ran out on a single text of {largest} tokens of {draw.task}; a lower max_length or more of "
                "the backbone frozen would help"
            )
        self.limit = max(1, largest // 2)
        self.notices.append(
            f"memory ran out on {largest} tokens, so from here a batch is added up over passes of at most {self.limit}"
        )

    def _run(self, batches: list[TrainBatch]) -> BatchOutcome:
        trainer = self.trainer
        model, course = trainer.loaded.model, trainer.course
        assert course is not None
        units = [unit_count(model, batch) for batch in batches]
        texts = sum(len(batch.tokens.ids) for batch in batches)
        loss = total = 0.0
        for batch, count in zip(batches, units, strict=True):
            share = count / max(1e-9, sum(units)) if len(batches) > 1 else 1.0
            with computing_in(trainer.precision, model.device):
                found = batch_loss(model, batch)
            minimised = course.weights(batch.task, found.task) * share
            if found.moved is not None:
                minimised = minimised + trainer.recipe.anchor * found.moved * (len(batch.tokens.ids) / texts)
            loss += share * float(found.task.detach())
            total += float(minimised.detach())
            # A stage may leave a task nothing to train, such as similarity while heads train.
            if minimised.requires_grad and minimised.isfinite():
                torch.autograd.backward(minimised)
        return BatchOutcome(batches[0].task, loss, total, sum(batch.token_count for batch in batches))


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "not enough memory" in str(error) or "out of memory" in str(error)
