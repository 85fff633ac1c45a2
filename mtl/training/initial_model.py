"""The model that a run starts from: a backbone with new heads, or a trained checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mtl.checkpoint.store import LoadedModel, build, extend, load
from mtl.data import TaskData
from mtl.encoder import load_backbone
from mtl.errors import RecipeError
from mtl.inference.source import find_model
from mtl.model import TaskInfo
from mtl.recipe.schema import Recipe


@dataclass(frozen=True)
class InitialModel:
    """The model at step 0; `kept_tasks` are tasks of a checkpoint that the recipe does not train."""

    loaded: LoadedModel
    kept_tasks: frozenset[str]


def load_initial_model(recipe: Recipe, data: Mapping[str, TaskData]) -> InitialModel:
    """Load what the recipe's `backbone` names; a task that a checkpoint has keeps its head and labels.

    Raises:
        RecipeError: a task differs in kind or has labels that its head in the checkpoint lacks.
        MtlError: the backbone or checkpoint cannot be loaded.
    """
    source = find_model(recipe.backbone)
    if source.config is None:
        backbone = load_backbone(source.backbone, pooling=recipe.pooling, max_length=recipe.max_length)
        return InitialModel(build(backbone, {name: _fresh(task) for name, task in data.items()}), frozenset())
    base = load(source.folder)
    for key, came, has in (
        ("pooling", recipe.pooling, base.model.encoder.pooling),
        ("max_length", recipe.max_length, base.tokenizer.max_length),
    ):
        if came not in (None, has):
            raise RecipeError(f"{key}: {has} was expected as the checkpoint {recipe.backbone} has, was {came}")
    tasks = {name: _known(task, base) for name, task in data.items()}
    return InitialModel(extend(base, tasks), frozenset(base.model.tasks) - frozenset(tasks))


def _fresh(task: TaskData) -> TaskInfo:
    return TaskInfo(task.name, task.config.kind, task.labels, task.config.head)


def _known(task: TaskData, base: LoadedModel) -> TaskInfo:
    known = base.model.tasks.get(task.name)
    if known is None:
        return _fresh(task)
    if known.kind is not task.config.kind:
        raise RecipeError(
            f"tasks.{task.name}.kind: {known.kind} was expected as in the checkpoint, was {task.config.kind}"
        )
    new = [label for label in task.labels if label not in known.labels]
    if new:
        raise RecipeError(
            f"tasks.{task.name}.train: labels of the checkpoint's head ({', '.join(known.labels[:8])}) were expected, "
            f"found {', '.join(new[:5])} too; a new name makes a new head"
        )
    if task.config.head.model_fields_set and task.config.head != known.head:
        raise RecipeError(f"tasks.{task.name}.head: the checkpoint's head keeps its shape, leave the key out")
    return replace(known)
