"""Which evaluation was the best so far, and when to give up."""

from collections.abc import Mapping

from mtl.errors import RecipeError
from mtl.evaluation import MAIN_METRIC
from mtl.recipe.schema import EvaluationConfig, TaskKind


class BestKeeper:
    """Compares evaluations by the recipe's `evaluation.best`.

    Raises:
        RecipeError: it names no task of the recipe.
    """

    def __init__(self, config: EvaluationConfig, kinds: Mapping[str, TaskKind]) -> None:
        task, slash, metric = config.best.partition("/")
        if config.best != "mean" and task not in kinds:
            raise RecipeError(
                f"evaluation.best: mean, one of the tasks {', '.join(kinds)}, or task/metric was expected, "
                f"was {config.best!r}"
            )
        if config.best == "mean":
            self._keys = [f"eval/{name}/{MAIN_METRIC[kind]}" for name, kind in kinds.items()]
        else:
            self._keys = [f"eval/{task}/{metric if slash else MAIN_METRIC[kinds[task]]}"]
        self._patience = config.patience
        self.waited = 0
        self.score: float | None = None
        self.step: int | None = None

    def restore(self, score: float | None, step: int | None, waited: int) -> None:
        """Go on from what an interrupted run knew."""
        self.score, self.step, self.waited = score, step, waited

    def is_better(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Whether these metrics are the best so far; remembers them if so. Without dev data the last is the best."""
        found = [metrics[key] for key in self._keys if key in metrics]
        score = sum(found) / len(found) if found else float(step)
        if self.score is not None and score <= self.score:
            self.waited += 1
            return False
        self.score, self.step, self.waited = score, step, 0
        return True

    @property
    def is_exhausted(self) -> bool:
        """Whether patience has run out."""
        return self._patience is not None and self.waited >= self._patience
