"""Recipes from YAML files, refused with key path and expectation before anything is loaded."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mtl.errors import InputError, RecipeError
from mtl.recipe.choices import HUB_PREFIX
from mtl.recipe.problems import problems
from mtl.recipe.schema import Recipe
from mtl.recipe.yaml_text import MOST_CHARACTERS, read_yaml
from mtl.user_path import resolved, user_path

_FREE = ("seed", "data_root", "cache", "checkpoint", "evaluation", "tracking", "about")
"""Keys that no value of a key that nobody set follows."""
_IN_RUNS = ("best", "last")  # checkpoints of a run, whose name is that of the folder around them


def load(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file; its data paths become absolute, relative to the recipe's folder.

    Args:
        path: the YAML file.
        overrides: `KEY.PATH=VALUE` settings, values in YAML, applied before checking.

    Raises:
        RecipeError: the file, a key, a value or a data file is not what was expected.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise RecipeError(f"a readable recipe was expected: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise RecipeError("text in UTF-8 was expected", path=path) from error
    content = read_yaml(text, where=path, aliases=True)
    if not isinstance(content, dict):
        raise RecipeError(f"a mapping of keys was expected, was {type(content).__name__}", path=path)
    _override(content, overrides)
    return parse(content, folder=path.parent, where=str(path))


def parse(content: dict[str, Any], *, folder: Path, where: str = "recipe") -> Recipe:
    """Check a mapping as a recipe whose relative data paths start at `folder`.

    Raises:
        RecipeError: as `load`.
    """
    recipe = check(content, where=where)
    home, folder = folder, _data_root(recipe, folder, where)
    tasks = {
        name: task.model_copy(
            update={
                part: tuple(_resolve(file, folder, where, f"tasks.{name}.{part}") for file in getattr(task, part))
                for part in ("train", "dev")
            }
        )
        for name, task in recipe.tasks.items()
    }
    unknown = sorted(set(recipe.freezing.frozen_heads) - set(tasks))
    if unknown:
        message = f"a task of {', '.join(tasks)} was expected, was {', '.join(unknown)}"
        raise RecipeError(message, path=where, key="freezing.frozen_heads")
    backbone = _backbone(recipe.backbone, home, where)
    return recipe.model_copy(update={"tasks": tasks, "data_root": None, "backbone": backbone})


def check(content: object, *, where: str | Path) -> Recipe:
    """A mapping as a recipe, its data paths as they are written: no file is looked for.

    Raises:
        RecipeError: a key or a value is not what was expected.
    """
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        (key, message), *others = problems(error, content)
        message = "; ".join([message, *(f"{key}: {message}" for key, message in others)])
        raise RecipeError(message, path=where, key=key) from error


def dump(recipe: Recipe) -> str:
    """The recipe as YAML with every default written out, and which of them nobody set."""
    return yaml.safe_dump(_content(recipe), sort_keys=False, allow_unicode=True)


def portable(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a mapping without paths of this machine.

    Of each data file only its folder's name and its own are left, of a backbone's folder its name as a relative path.
    """
    content = _content(recipe)
    content["tasks"] = {name: portable_task(task) for name, task in content["tasks"].items()}
    content["data_root"] = None
    if Path(recipe.backbone).is_absolute():
        content["backbone"] = f"./{_ending(recipe.backbone, 2 if Path(recipe.backbone).name in _IN_RUNS else 1)}"
    return content


def portable_task(content: Mapping[str, Any]) -> dict[str, Any]:
    """A task of a recipe, as a mapping, with only the last parts of the paths of its files."""
    files = {
        part: [file if file.startswith(HUB_PREFIX) else _ending(file, 2) for file in content[part]]
        for part in ("train", "dev")
        if part in content
    }
    return {**content, **files}


def _ending(path: str, count: int) -> str:
    """At most so many of a path's last parts."""
    return "/".join([part for part in Path(path).parts if part != "/"][-count:])


def _content(recipe: Recipe) -> dict[str, Any]:
    return {**recipe.model_dump(mode="json"), "filled_in": recipe.unset()}


def _absolute(written: str, folder: Path, where: str, key: str) -> Path:
    try:
        return resolved(folder / user_path(written))
    except InputError as error:
        raise RecipeError(str(error), path=where, key=key) from error


def _backbone(name: str, folder: Path, where: str) -> str:
    """A folder relative to the recipe becomes absolute; anything else is a Hub id."""
    path = _absolute(name, folder, where, "backbone")
    return str(path) if path.is_dir() else name


def _data_root(recipe: Recipe, folder: Path, where: str) -> Path:
    if recipe.data_root is None:
        return folder
    expanded = os.path.expandvars(recipe.data_root)
    if "$" in expanded:
        message = f"the environment variable in {recipe.data_root!r} is not set; set it, or give --set data_root=FOLDER"
        raise RecipeError(message, path=where, key="data_root")
    root = _absolute(expanded, folder, where, "data_root")
    if not root.is_dir():
        raise RecipeError(f"an existing folder was expected, was {expanded!r}", path=where, key="data_root")
    return root


def _resolve(file: str, folder: Path, where: str, key: str) -> str:
    if file.startswith(HUB_PREFIX):
        return file
    path = _absolute(file, folder, where, key)
    if not path.is_file():
        raise RecipeError(f"an existing file was expected, was {file!r} (looked for {path})", path=where, key=key)
    return str(path)


def _override(content: dict[str, Any], overrides: Sequence[str]) -> None:
    """Put settings in; values that nobody set are taken out first where they could follow what has changed."""
    settings = [_setting(override) for override in overrides]
    if any(path[0] not in _FREE for path, _ in settings):
        _drop_filled_in(content)
    for override, ((*parents, last), value) in zip(overrides, settings, strict=True):
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise RecipeError(f"{parent} holds no keys", key=f"--set {override}")
        place[last] = value


def _drop_filled_in(content: dict[str, Any]) -> None:
    filled_in = content.pop("filled_in", None)
    for key, value in filled_in.items() if isinstance(filled_in, dict) else ():
        *sections, name = str(key).split(".")
        place = content.get(sections[0]) if sections else content
        if isinstance(place, dict) and place.get(name) == value:
            del place[name]


def _setting(override: str) -> tuple[list[str], Any]:
    """The path of keys and the value of `KEY.PATH=VALUE`."""
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set takes KEY=VALUE, was {override!r}")
    return key.split("."), read_yaml(value, where="--set", key=key)


Recipe.load = load
