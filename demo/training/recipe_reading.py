"""From a recipe back to the Train tab's fields, so that a run can be changed and repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from demo.inputs.drafts import Draft
from demo.reading import in_child
from demo.settings import Settings
from demo.training.freezing_choice import Freezing
from demo.training.recipe_form import OWN_POOLING, Form
from mtl.errors import RecipeError
from mtl.recipe import BackboneFreezing, FreezingConfig, Preset, Recipe, TaskConfig, check
from mtl.recipe.schema import FollowingKey
from mtl.recipe.yaml_text import MOST_CHARACTERS, read_yaml

_FIELDS = {"backbone", "pooling", "seed"}
_NUMBERS = {"optimizer": ("backbone_lr", "head_lr", "tagging_lr"), "budget": ("epochs", "batch_tokens")}
"""Recipe keys with a number field."""
_OF_FILES = ("kind", "train", "dev", "score_range", "multi_label", "columns", "format")
"""Keys of a task that its files, in step 1, decide."""
_FREEZING_BACKBONES = {
    BackboneFreezing.FROZEN: Preset.HEADS_ONLY,
    BackboneFreezing.LAST_LAYERS: Preset.LAST_LAYERS,
    BackboneFreezing.LORA: Preset.LORA,
    BackboneFreezing.FULL: Preset.FULL,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A form, the tasks with data on this machine that are not in the page's list, and what is to note."""

    form: Form
    unlisted: tuple[tuple[str, TaskConfig], ...]
    notes: tuple[str, ...] = ()


@in_child
def read_upload(path: Path, settings: Settings, known: Sequence[Draft]) -> Reading:
    """The form of an uploaded recipe; a page for anybody reads no other file of this machine. Errors as `read_form`."""
    return read_form(path, known, any_files=settings.any_backbone)


def read_form(path: Path, known: Sequence[Draft], *, any_files: bool) -> Reading:
    """The form of a recipe file.

    A task whose name and kind the page knows is that task, whatever files the recipe names.

    Args:
        path: the recipe.
        known: the tasks that the page knows.
        any_files: whether a task may name other files of this machine. If not, the files are not looked up: a
            different answer would reveal whether a file exists.

    Raises:
        RecipeError: the file is not a recipe, or the files of a task do not exist.
    """
    recipe = _load(path)
    tasks, unlisted = dict(recipe.tasks), []
    kinds = {draft.name: (draft.config.kind, draft.config.multi_label) for draft in known}
    for name, task in tasks.items():
        if kinds.get(name) == (task.kind, task.multi_label):
            continue
        files = (*task.train, *task.dev)
        are_here = any_files and files and all(Path(f).is_absolute() and Path(f).is_file() for f in files)
        if name in kinds or not are_here:
            kind = f"multi-label {task.kind}" if task.multi_label else task.kind
            message = f"its files are not on this page; add a {kind} task named {name} in step 1 and load it again"
            raise RecipeError(message, path=path, key=f"tasks.{name}")
        unlisted.append((name, task))
    return Reading(_form(recipe), tuple(unlisted), recipe.notes)


def _load(path: Path) -> Recipe:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError("a recipe in UTF-8 was expected", path=path) from error
    return check(read_yaml(text, where=path), where=path)


def _form(recipe: Recipe) -> Form:
    freezing, rest = _freezing(recipe.freezing, tuple(recipe.tasks))
    return Form(
        tasks=tuple(recipe.tasks),
        backbone=recipe.backbone,
        pooling=recipe.pooling or OWN_POOLING,
        freezing=freezing,
        seed=recipe.seed,
        more=_more(recipe, rest),
        **_numbers(recipe),
    )


def _numbers(recipe: Recipe) -> dict[str, Any]:
    """The numbers that were set; the other fields stay empty."""
    return {
        name: getattr(section, name)
        for section, names in ((recipe.optimizer, _NUMBERS["optimizer"]), (recipe.budget, _NUMBERS["budget"]))
        for name in names
        if name in section.model_fields_set
    }


def _freezing(config: FreezingConfig, tasks: tuple[str, ...]) -> tuple[Freezing, dict[str, Any]]:
    """The equivalent choice, and the keys without a field."""
    given = config.model_dump(mode="json", exclude_defaults=True)
    if config.preset is not None:
        preset = config.preset
    elif config.backbone is BackboneFreezing.FROZEN and set(config.frozen_heads) >= set(tasks):
        preset = Preset.ALL_FROZEN
    elif config.backbone is not None:
        preset = _FREEZING_BACKBONES[config.backbone]
    else:
        preset = Preset.LAST_LAYERS if config.layers else Preset.FULL
    choice = Freezing(preset, config.layers or 2, config.layers is None, config.frozen_heads)
    said = {"preset", "frozen_heads", *(["layers"] if choice.has_layers else [])}
    if config.preset is None:
        said.add("backbone")
    return choice, {key: value for key, value in given.items() if key not in said}


def _more(recipe: Recipe, freezing: dict[str, Any]) -> str:
    content: dict[str, Any] = recipe.model_dump(mode="json", exclude_defaults=True)
    for key in (*_FIELDS, *recipe.unset()):
        content.pop(key, None)
    # What was set counts also where it is what a recipe without the key has: that follows the rest of the recipe.
    followers = {key for key in get_args(FollowingKey) if key in recipe.model_fields_set}
    content |= recipe.model_dump(mode="json", include=followers)
    tasks = {name: _without(task, _OF_FILES) for name, task in content["tasks"].items()}
    content["tasks"] = {name: task for name, task in tasks.items() if task}
    content["freezing"] = freezing
    for section, names in _NUMBERS.items():
        content[section] = _without(content.get(section, {}), names)
    content = {key: value for key, value in content.items() if value not in ({}, None)}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True) if content else ""


def _without(content: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}
