"""Which evaluation gives the best checkpoint, and when to stop early."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mtl.data import Example, labels_of
from mtl.errors import RecipeError
from mtl.evaluation import LOWER_IS_BETTER, gives, is_metric, main_metric_name
from mtl.evaluation.metrics import Measured
from mtl.recipe.sections import EvaluationConfig
from mtl.task import TaskInfo

_MEAN, _GUARDED = "mean", "guarded"
_DRIFT = "eval/embedding/drift"


@dataclass(frozen=True)
class Selection:
    """The best evaluation so far, the highest value of each metric, and how many evaluations came after the best.

    `keys` are the metrics that choose; they are empty in states of former versions.
    """

    score: float | None = None
    step: int | None = None
    peaks: Mapping[str, float] = field(default_factory=dict)
    waited: int = 0
    keys: tuple[str, ...] = ()


class CheckpointSelector:
    """Compares evaluations by the recipe's `evaluation.best`, and stops a run whose patience has run out.

    `guarded` is the mean, but an evaluation in which a task lies more than `evaluation.guard` below its own best so far
    is never the best. Neither is one whose metrics, or whose embeddings, are not finite, or which lacks a metric that
    dev data should give; it counts against patience.

    Args:
        config: of the recipe.
        tasks: of the recipe, or of a model.
        measured: the names of tasks that have dev data.

    Raises:
        RecipeError: `evaluation.best` names no task or metric of the recipe.
    """

    def __init__(self, config: EvaluationConfig, tasks: Mapping[str, Measured], measured: Collection[str]) -> None:
        task, slash, metric = config.best.partition("/")
        if config.best not in (_MEAN, _GUARDED) and task not in tasks:
            expected = f"mean, guarded, one of the tasks {', '.join(tasks)}, or task/metric"
            raise RecipeError(f"{expected} was expected, was {config.best!r}", key="evaluation.best")
        if slash and (metric in LOWER_IS_BETTER or not is_metric(tasks[task], metric)):
            expected = f"a metric of the {tasks[task].kind} task {task} that is the better the higher it is"
            raise RecipeError(f"{expected} was expected, was {metric!r}", key="evaluation.best")
        if config.best in (_MEAN, _GUARDED):
            self._keys = tuple(f"eval/{name}/{main_metric_name(one)}" for name, one in tasks.items())
            self._needed: Collection[str] = ()
        else:
            self._keys = (f"eval/{task}/{metric if slash else main_metric_name(tasks[task])}",)
            self._needed = self._keys if task in measured else ()
        self._guard = config.guard if config.best == _GUARDED else None
        self._patience = config.patience
        self.selection = Selection(keys=self._keys)

    def update(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Count an evaluation; returns whether it is the best so far. Without dev data the last is the best."""
        so_far = self.selection
        found = {key: metrics[key] for key in self._keys if key in metrics}
        is_finite = all(math.isfinite(value) for value in (*found.values(), metrics.get(_DRIFT, 0.0)))
        is_whole = all(key in found for key in (*self._needed, *so_far.peaks))
        score = sum(found.values()) / len(found) if found else float(step)
        raised = {key: max(value, so_far.peaks.get(key, value)) for key, value in found.items() if math.isfinite(value)}
        peaks = {**so_far.peaks, **raised}
        fell = self._guard is not None and any(peaks[key] - found[key] > self._guard for key in raised)
        is_better = is_finite and is_whole and not fell and (so_far.score is None or score > so_far.score)
        if is_better:
            self.selection = replace(so_far, score=score, step=step, peaks=peaks, waited=0)
        else:
            self.selection = replace(so_far, peaks=peaks, waited=so_far.waited + 1)
        return is_better

    def go_on_from(self, kept: Selection) -> bool:
        """Put back what an interrupted run has chosen; False where other metrics chose it, which are not compared."""
        own = set(self._keys)
        if set(kept.keys or own) != own or not set(kept.peaks) <= own:
            return False
        self.selection = replace(kept, keys=self._keys)
        return True

    @property
    def is_exhausted(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self.selection.waited >= self._patience


def need_best(config: EvaluationConfig, tasks: Mapping[str, TaskInfo], dev: Mapping[str, Sequence[Example]]) -> None:
    """Refuse an `evaluation.best` by which no evaluation could be chosen.

    Args:
        config: of the recipe.
        tasks: of the model, those of the recipe.
        dev: the dev data of those that have any.

    Raises:
        RecipeError: it names no task or metric of the recipe, or one that the dev data do not give, or, without dev
            data, a label that the head lacks.
    """
    CheckpointSelector(config, tasks, dev)
    name, _, metric = config.best.partition("/")
    if config.best in (_MEAN, _GUARDED):
        return
    task, label = tasks[name], metric.partition("/")[2]
    metric = metric or main_metric_name(task)
    has = gives(task, metric, dev[name]) if name in dev else not label or label in task.labels
    if has:
        return
    if not label:
        raise RecipeError(f"dev data of {name} that give {metric} were expected", key="evaluation.best")
    known, where = (labels_of(dev[name]), "in the dev data of ") if name in dev else (task.labels, "of ")
    shown = ", ".join(known[:8]) + (" …" if len(known) > 8 else "")
    raise RecipeError(f"a label {where}{name} was expected ({shown or 'none'}), was {label!r}", key="evaluation.best")
