"""Recipes as short YAML with only the keys that were set; the run folder contains all keys."""

from pathlib import Path
from typing import Any

import yaml

from mtl.errors import RecipeError
from mtl.recipe import Recipe


def as_yaml(recipe: Recipe) -> str:
    """A recipe that `mtl.recipe.load` reads."""
    content = recipe.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def read_yaml(text: str, *, where: str | Path) -> Any:  # noqa: ANN401
    """Parse YAML from an untrusted source; aliases are refused, since a few of them can mean gigabytes.

    Args:
        text: the YAML.
        where: the file or field that it comes from.

    Raises:
        RecipeError: the text is not YAML, or has aliases.
    """
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise RecipeError("YAML without aliases (*name) was expected", path=where)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise RecipeError("valid YAML was expected", path=where, line=line) from error


def without_folders(recipe: Recipe) -> Recipe:
    """The recipe without the folders of this machine, for public pages."""
    tasks = {
        name: task.model_copy(
            update={"train": tuple(Path(f).name for f in task.train), "dev": tuple(Path(f).name for f in task.dev)}
        )
        for name, task in recipe.tasks.items()
    }
    backbone = "/".join(Path(recipe.backbone).parts[-2:]) if Path(recipe.backbone).is_absolute() else recipe.backbone
    return recipe.model_copy(update={"tasks": tasks, "backbone": backbone})
