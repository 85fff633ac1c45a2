"""Recipes as short YAML with only the keys that were set; the run folder contains all keys."""

from pathlib import Path

import yaml

from mtl.recipe import Recipe
from mtl.recipe.choices import HUB_PREFIX


def as_yaml(recipe: Recipe) -> str:
    """A recipe that `mtl.recipe.load` reads."""
    content = recipe.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def without_folders(recipe: Recipe) -> Recipe:
    """The recipe without the folders of this machine, for public pages."""
    tasks = {
        name: task.model_copy(update={part: tuple(map(_name, getattr(task, part))) for part in ("train", "dev")})
        for name, task in recipe.tasks.items()
    }
    backbone = "/".join(Path(recipe.backbone).parts[-2:]) if Path(recipe.backbone).is_absolute() else recipe.backbone
    return recipe.model_copy(update={"tasks": tasks, "backbone": backbone})


def _name(file: str) -> str:
    return file if file.startswith(HUB_PREFIX) else Path(file).name
