"""What a batch holds, over all its passes and all processes: what the loss of each pass is a share of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mtl.distributed import world
from mtl.model import MultiTaskModel
from mtl.training.losses import unit_counts
from mtl.training.train_set import TrainBatch

_NONE = 1e-9  # units of a task that has none in the batch


@dataclass(frozen=True)
class BatchCounts:
    """Of a whole batch the `units` of each task, the windows and the passes; `own` has the units of each pass here.

    `most_passes` is that of the process that has most of them. Passes after those of `own` do not count: they are made
    where others need them.
    """

    units: Mapping[str, float]
    windows: int
    passes: int
    most_passes: int
    own: Sequence[Mapping[str, float]]

    def share(self, task: str, number: int) -> float:
        """How much a pass of this process counts in the mean loss of a task."""
        if number >= len(self.own):
            return 0.0
        return self.own[number][task] / self.units[task] if self.passes > 1 else 1.0


def count_units(
    model: MultiTaskModel, tasks: Iterable[str], batches: Sequence[TrainBatch] | None
) -> BatchCounts | None:
    """Count a batch together with the other processes.

    Args:
        model: in training.
        tasks: of the batch.
        batches: the passes of this process that count; None where they had no room in memory.

    Returns:
        None if they had no room in one of the processes.

    Raises:
        TrainingError: another process has ended.
    """
    names = list(tasks)
    own = [unit_counts(model, batch) for batch in batches or ()]
    windows = sum(len(batch.tokens.ids) for batch in batches or ())
    table = world().table([batches is None, len(own), windows, *(sum(units[name] for units in own) for name in names)])
    if table[:, 0].any():
        return None
    passes, units = table[:, 1], table[:, 3:].sum(axis=0).tolist()
    whole = {name: max(_NONE, count) for name, count in zip(names, units, strict=True)}
    return BatchCounts(whole, int(table[:, 2].sum()), int(passes.sum()), int(passes.max()), own)
