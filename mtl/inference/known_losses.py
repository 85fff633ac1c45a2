"""The losses of pairs that a recipe gets from the checkpoint that it starts from."""

from mtl.inference.source import find_model
from mtl.recipe import Recipe, TaskKind
from mtl.recipe.schema import HeadConfig


def with_known_losses(recipe: Recipe) -> Recipe:
    """The recipe with the losses of pairs that its checkpoint has, where it names none: they say how data are read.

    Raises:
        MtlError: the backbone or checkpoint is not there.
    """
    unnamed = [
        name for name, task in recipe.tasks.items() if task.kind is TaskKind.SIMILARITY and task.head.loss is None
    ]
    known = find_model(recipe.backbone).tasks if unnamed else {}
    tasks = {
        name: recipe.tasks[name].model_copy(update={"head": HeadConfig(loss=known[name].head.loss)})
        for name in unnamed
        if name in known and known[name].head.loss is not None
    }
    return recipe.model_copy(update={"tasks": {**recipe.tasks, **tasks}}) if tasks else recipe
