"""What a recipe may cost on this page: every key that costs time, memory or disk, in one place."""

from collections.abc import Iterator

from demo.settings import Settings, Training
from mtl.errors import RecipeError
from mtl.recipe import Recipe, TaskConfig

_MOST_PRESETS = 3  # of a comparison
_HIDDEN_LAYERS, _HIDDEN_SIZE = 3, 1024
_RANK = 64
_LENGTH = 512  # tokens of a text
_FEWEST_STEPS = 10  # between two evaluations
_SAMPLE = 100  # dev examples stored with a checkpoint
_CACHE_GB = 10.0


def within_limits(recipe: Recipe, settings: Settings, *, presets: int = 0) -> Recipe:
    """The recipe with the page's limits of steps and minutes, which the strategies of a comparison divide.

    Args:
        recipe: as it was asked for.
        settings: the limits.
        presets: how many strategies are compared, 0 for a run.

    Raises:
        RecipeError: it costs more than the page allows; the message says which key, how much, and the limit.
    """
    need_affordable(recipe, settings)
    if settings.max_minutes is not None and presets > _MOST_PRESETS:
        raise RecipeError(f"At most {_MOST_PRESETS} strategies were expected on this page, were {presets}.")
    limits: dict[str, float] = {}
    if settings.max_steps is not None:
        limits["max_steps"] = min(settings.max_steps, recipe.budget.max_steps or settings.max_steps)
    if settings.max_minutes is not None:
        most = settings.max_minutes / max(1, presets)
        limits["max_minutes"] = min(most, recipe.budget.max_minutes or most)
    if not limits:
        return recipe
    return recipe.model_copy(update={"budget": recipe.budget.model_copy(update=limits)})


def need_affordable(recipe: Recipe, settings: Settings) -> None:
    """Refuse a recipe that costs more than the page allows.

    Raises:
        RecipeError: with the first key that is too large.
    """
    if len(recipe.tasks) > settings.max_tasks:
        raise RecipeError(f"At most {settings.max_tasks} tasks were expected, were {len(recipe.tasks)}.")
    for what, value, most in _costs(recipe, settings):
        if most is not None and value > most:
            raise RecipeError(f"At most {most:,.12g} {what} were expected on this page, were {value:,.12g}.")
    every = recipe.evaluation.every
    if settings.training is not Training.FULL and isinstance(every, int) and every < _FEWEST_STEPS:
        raise RecipeError(
            f"At least {_FEWEST_STEPS} steps from one evaluation to the next were expected on this page, was {every}."
        )


def need_size(name: str, rows: int, labels: int, settings: Settings) -> None:
    """Refuse a task with too many examples, of training and dev together, or too many labels.

    Raises:
        RecipeError: with the name of the task.
    """
    most = 2 * settings.max_rows
    if rows > most:
        raise RecipeError(f"At most {most:,} training and dev examples were expected for {name}, were {rows:,}.")
    if settings.max_labels is not None and labels > settings.max_labels:
        raise RecipeError(f"At most {settings.max_labels:,} labels were expected for {name}, were {labels:,}.")


def _costs(recipe: Recipe, settings: Settings) -> Iterator[tuple[str, float, float | None]]:
    """What costs something: its name, its value, and the most that is allowed."""
    capped = settings.training is not Training.FULL
    budget = recipe.budget
    yield "epochs", budget.epochs, settings.max_epochs
    for key in ("batch_tokens", "frozen_batch_tokens", "micro_batch_tokens"):
        yield f"tokens in budget.{key}", getattr(budget, key) or 0, settings.max_batch_tokens
    if not capped:
        return
    yield "tokens in max_length", recipe.max_length or 0, _LENGTH
    yield "dimensions in freezing.rank", recipe.freezing.rank or 0, _RANK
    yield "examples in checkpoint.sample", recipe.checkpoint.sample, _SAMPLE
    yield "gigabytes in cache.max_gb", recipe.cache.max_gb, _CACHE_GB
    for name, task in recipe.tasks.items():
        yield from _costs_of_task(name, task, settings)


def _costs_of_task(name: str, task: TaskConfig, settings: Settings) -> Iterator[tuple[str, float, float | None]]:
    hidden = task.head.hidden or ()
    yield f"layers in tasks.{name}.head.hidden", len(hidden), _HIDDEN_LAYERS
    yield f"units in tasks.{name}.head.hidden", max(hidden, default=0), _HIDDEN_SIZE
    yield f"labels in tasks.{name}.map_labels", len(task.map_labels), settings.max_labels
    weights = task.class_weights if isinstance(task.class_weights, dict) else {}
    yield f"labels in tasks.{name}.class_weights", len(weights), settings.max_labels
    yield f"files in tasks.{name}", len(task.train) + len(task.dev), 20
