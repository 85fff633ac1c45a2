"""How long L-BFGS takes: an evaluation of each task's loss is timed on numbers of the same shape."""

import time

import numpy as np

from mtl.fitting.objectives import Objective, Scaling, SoftmaxLoss
from mtl.fitting.solving import one_thread_if_small
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo
from mtl.training.lbfgs import MOST_ITERATIONS
from mtl.training.setup import Trainer
from mtl.training.train_set import TrainSet

_ROWS = 4096  # that are timed
_EVALUATIONS = 1.3  # of the loss in an iteration
_USUAL = 0.5  # share of the most iterations after which a task is at its optimum


def solver_seconds(trainer: Trainer) -> float:
    """The expected seconds of all iterations, once the features are known."""
    assert trainer.schedule is not None
    most = min(MOST_ITERATIONS * _USUAL, trainer.total_steps / trainer.schedule.tasks)
    size = trainer.loaded.model.encoder.dimension
    sets = trainer.data.train.values()
    return sum(most * _EVALUATIONS * _seconds(data, task, size) for data in sets for task in data.tasks.values())


def _seconds(data: TrainSet, task: TaskInfo, size: int) -> float:
    """Of one evaluation."""
    classes = len(task.tags.tags) if task.kind is TaskKind.TAGGING else len(task.labels)
    units = len(data.targets[task.name])
    rows = max(1, min(units, _ROWS))
    values = np.random.default_rng(0).standard_normal((rows, size), dtype=np.float32)
    loss = SoftmaxLoss(np.arange(rows) % classes, np.ones(rows, np.float32))
    objective = Objective(values, loss, Scaling.of(values), 1.0, classes)
    start = np.zeros(objective.shape).ravel()
    with one_thread_if_small(objective):
        objective(start)
        begun = time.perf_counter()
        objective(start)
    return (time.perf_counter() - begun) * units / rows
