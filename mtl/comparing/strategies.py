"""Strategies that can be compared: freezing presets on all tasks, single-task baselines, and other backbones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mtl.errors import RecipeError
from mtl.recipe.choices import Preset, TaskKind
from mtl.recipe.schema import Recipe
from mtl.recipe.sections import FreezingConfig
from mtl.recipe.tasks import TaskConfig

_ONLY = "only"
_BACKBONE = "backbone"
_OF_DATA = (
    *("tasks", "data_root", "pooling", "max_length", "long_texts", "words"),
    *("evaluation", "checkpoint", "cache", "seed", "precision"),
)


@dataclass(frozen=True)
class Strategy:
    """A name and the recipe that it means; `may_fail` says that the others go on where this one cannot train."""

    name: str
    recipe: Recipe
    may_fail: bool = False


def strategies(recipe: Recipe, presets: Sequence[str], *, single_task: bool) -> list[Strategy]:
    """The recipe under each preset, and where asked a `full` run of each task alone.

    Args:
        recipe: gives everything but the freezing, and what follows from it by default.
        presets: names; `last_layers:N` says how many layers, `one_head_frozen:TASK` which head, and `only:TASK` is a
            baseline.
        single_task: whether to add the baselines of all tasks that train.

    Raises:
        RecipeError: a preset is unknown, given twice, or lacks what it needs.
    """
    twice = sorted(name for name, count in Counter(presets).items() if count > 1)
    if twice:
        raise RecipeError(f"each preset once was expected, {', '.join(twice)} came twice", key="--presets")
    found = [_strategy(name, recipe) for name in presets]
    if single_task:
        known = {strategy.name for strategy in found}
        baselines = [_strategy(alone(name), recipe) for name in trained_tasks(recipe)]
        found += [baseline for baseline in baselines if baseline.name not in known]
    return found


def candidates(recipe: Recipe, backbones: Sequence[str]) -> list[Strategy]:
    """The recipe as it is, with each of these backbones.

    Raises:
        RecipeError: a backbone has no name, or came twice.
    """
    names = [name.strip() for name in backbones]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice or "" in names:
        came = f"{', '.join(twice)} came twice" if twice else "one has no name"
        raise RecipeError(f"each backbone once was expected, {came}", key="--backbone")
    short = [name.rstrip("/").rpartition("/")[2] for name in names]
    titles = short if len(set(short)) == len(short) else names
    return [
        Strategy(f"{_BACKBONE} {title}", recipe.with_backbone(name), may_fail=True)
        for title, name in zip(titles, names, strict=True)
    ]


def linear_probe(recipe: Recipe, rows: int) -> Recipe:
    """A recipe whose linear heads alone learn, from at most so many training examples of each task, drawn by chance.

    Tagging heads read a mix of all layers. Everything that belongs to other ways of training has its default.
    """
    content = recipe.model_dump(mode="json", exclude_unset=True)
    kept = {key: value for key, value in content.items() if key in _OF_DATA}
    for name, task in recipe.tasks.items():
        own = kept["tasks"][name]
        own |= {"max_rows": min(rows, task.max_rows or rows), "take": "drawn"}
        if isinstance(task.class_weights, dict):
            del own["class_weights"]  # so few rows may lack a label
        own["head"] = _probed_head(task)
    kinds = {task.kind for task in recipe.tasks.values()}
    preset = Preset.ALL_FROZEN if kinds == {TaskKind.SIMILARITY} else Preset.HEADS_ONLY
    return Recipe.model_validate(kept | {"freezing": {"preset": preset.value}})


def _probed_head(task: TaskConfig) -> dict[str, object]:
    if task.kind is TaskKind.SIMILARITY:  # the loss says how its pairs are read and measured
        return {} if task.head.loss is None else {"loss": task.head.loss.value}
    return {"layers": "mix"} if task.kind is TaskKind.TAGGING else {"hidden": [], "dropout": 0.0}


def trained_tasks(recipe: Recipe) -> list[str]:
    """The tasks that have training data."""
    return [name for name, task in recipe.tasks.items() if task.train]


def alone(task: str) -> str:
    """What the preset is called that trains one task alone."""
    return f"{_ONLY}:{task}"


def task_alone(strategy: str) -> str | None:
    """The task that a strategy trains alone, by its name; None for one that trains all."""
    only, space, task = strategy.partition(" ")
    return task if only == _ONLY and space else None


def is_candidate(strategy: str) -> bool:
    """Whether a strategy, by its name, is the recipe with another backbone."""
    return strategy.startswith(f"{_BACKBONE} ")


def _strategy(preset: str, recipe: Recipe) -> Strategy:
    only, colon, task = preset.partition(":")
    if only != _ONLY or not colon:
        return Strategy(preset, recipe.under(_freezing(preset, recipe)))
    if task not in recipe.tasks:
        expected = f"{_ONLY}:TASK with a task of {', '.join(recipe.tasks)}"
        raise RecipeError(f"{expected} was expected, was {preset!r}", key="--presets")
    return Strategy(f"{_ONLY} {task}", _alone(task, recipe).under(FreezingConfig(preset=Preset.FULL)))


def _alone(name: str, recipe: Recipe) -> Recipe:
    """The recipe for one of its tasks; where another one would choose the best checkpoint, the mean does."""
    chooser = recipe.evaluation.best.partition("/")[0]
    best = "mean" if chooser in recipe.tasks and chooser != name else recipe.evaluation.best
    evaluation = recipe.evaluation.model_copy(update={"best": best})
    return recipe.model_copy(update={"tasks": {name: recipe.tasks[name]}, "evaluation": evaluation})


def _freezing(name: str, recipe: Recipe) -> FreezingConfig:
    preset_name, _, detail = name.partition(":")
    if preset_name not in list(Preset):
        raise RecipeError(f"one of {', '.join(Preset)} was expected, was {preset_name!r}", key="--presets")
    preset = Preset(preset_name)
    if preset is Preset.ONE_HEAD_FROZEN:
        head = detail or next(iter(recipe.freezing.frozen_heads), "")
        if head not in recipe.tasks:
            expected = f"one_head_frozen:TASK with a task of {', '.join(recipe.tasks)}"
            raise RecipeError(f"{expected} was expected, was {name!r}", key="--presets")
        return FreezingConfig(preset=preset, frozen_heads=(head,))
    if not detail:
        return FreezingConfig(preset=preset, layers=recipe.freezing.layers if preset is Preset.LAST_LAYERS else None)
    if preset is not Preset.LAST_LAYERS or not detail.isdecimal() or int(detail) < 1:
        raise RecipeError(f"last_layers:N with a number of layers was expected, was {name!r}", key="--presets")
    return FreezingConfig(preset=preset, layers=int(detail))
