"""What a plan depends on: the recipe, and the files that it names as they are now."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from demo.runs.recipe_text import as_yaml
from mtl.backbones.source import file_state
from mtl.recipe import Recipe
from mtl.user_path import user_path


def plan_key(recipe: Recipe) -> str:
    """A hash that changes when the recipe, one of its data files or the folder of its backbone changes.

    A backbone of the Hub, and data of the Hub, count by their names.
    """
    states = (f"{file} {file_state(file)}" for file in _files(recipe))
    return hashlib.sha256("\0".join([as_yaml(recipe), *states]).encode()).hexdigest()


def _files(recipe: Recipe) -> Iterator[Path]:
    for task in recipe.tasks.values():
        yield from map(Path, (*task.train, *task.dev))
    folder = user_path(recipe.backbone)
    if (folder / "config.json").is_file():  # any folder may be typed, and one of no model may hold a whole disk
        yield from sorted([*folder.glob("*"), *folder.glob("*/*")])
