"""Recipes as short YAML: only what was chosen, the rest are defaults that the run writes out beside it."""

from pathlib import Path

import yaml

from mtl.recipe import Recipe


def as_yaml(recipe: Recipe) -> str:
    """A recipe that `mtl.recipe.load` reads."""
    content = recipe.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def without_folders(recipe: Recipe) -> Recipe:
    """The recipe with its data files named without their folders, to show where strangers look."""
    tasks = {
        name: task.model_copy(
            update={"train": tuple(Path(f).name for f in task.train), "dev": tuple(Path(f).name for f in task.dev)}
        )
        for name, task in recipe.tasks.items()
    }
    return recipe.model_copy(update={"tasks": tasks})
