"""Which evaluation was the best so far, and when to give up."""

from collections.abc import Mapping

from mtl.errors import RecipeError
from mtl.evaluation import MAIN_METRIC, is_metric
from mtl.recipe.choices import TaskKind
from mtl.recipe.schema import EvaluationConfig

_MEAN, _GUARDED = "mean", "guarded"


class CheckpointSelector:
    """Compares evaluations by the recipe's `evaluation.best`.

    `guarded` is the mean, but an evaluation in which a task lies more than `evaluation.guard` below the best that this
    task has had is never the best.

    Raises:
        RecipeError: it names no task of the recipe.
    """

    def __init__(self, config: EvaluationConfig, kinds: Mapping[str, TaskKind]) -> None:
        task, slash, metric = config.best.partition("/")
        if config.best not in (_MEAN, _GUARDED) and task not in kinds:
            raise RecipeError(
                f"evaluation.best: mean, guarded, one of the tasks {', '.join(kinds)}, or task/metric was expected, "
                f"was {config.best!r}"
            )
        if slash and not is_metric(kinds[task], metric):
            raise RecipeError(
                f"evaluation.best: a metric of the {kinds[task]} task {task} was expected, was {metric!r}"
            )
        if config.best in (_MEAN, _GUARDED):
            self._keys = [f"eval/{name}/{MAIN_METRIC[kind]}" for name, kind in kinds.items()]
        else:
            self._keys = [f"eval/{task}/{metric if slash else MAIN_METRIC[kinds[task]]}"]
        self._guard = config.guard if config.best == _GUARDED else None
        self._patience = config.patience
        self.peaks: dict[str, float] = {}
        self.waited = 0
        self.score: float | None = None
        self.step: int | None = None

    def is_better(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Whether these metrics are the best so far; remembers them if so. Without dev data the last is the best."""
        found = {key: metrics[key] for key in self._keys if key in metrics}
        score = sum(found.values()) / len(found) if found else float(step)
        self.peaks = {key: max(value, self.peaks.get(key, value)) for key, value in found.items()}
        fallen = self._guard is not None and any(self.peaks[key] - value > self._guard for key, value in found.items())
        if fallen or (self.score is not None and score <= self.score):
            self.waited += 1
            return False
        self.score, self.step, self.waited = score, step, 0
        return True

    @property
    def is_exhausted(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self.waited >= self._patience
