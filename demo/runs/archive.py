"""A run as one file to download."""

import contextlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from demo.runs.info import name_of
from demo.runs.shown import shown
from demo.temporary import new_temporary_folder
from mtl.errors import RecipeError, RunError
from mtl.folders import files_in
from mtl.json_text import parse_json
from mtl.recipe import check, portable
from mtl.runs import RunFolder

_WHOLE = ("events.jsonl", "table.json")
_TEXTS = (".json", ".md")
_TRIES = 3


def zip_run(folder: RunFolder) -> Path:
    """Recipe, events, log and the best checkpoint of a run as a zip below the temporary folder.

    It contains no path of this machine: the recipe names data files by folder and base name, as the checkpoint does.
    A checkpoint that a live run replaces meanwhile is packed anew: never half of one beside half of the next.

    Raises:
        RunError: there is nothing to download yet, or a run saves faster than its checkpoint is read.
    """
    if not any((folder.path / name).is_file() for name in _WHOLE):
        raise RunError("There is nothing to download yet.")
    target = new_temporary_folder() / f"{slug(name_of(folder))}.zip"
    recipe = _recipe(folder)
    for _ in range(_TRIES):
        saved = _stamp(folder.best)
        with contextlib.suppress(FileNotFoundError):
            _write(target, folder, recipe)
            if _stamp(folder.best) == saved:
                return target
    target.unlink(missing_ok=True)
    raise RunError("The run was saving its model just now. Download it again.")


def _write(target: Path, folder: RunFolder, recipe: Any) -> None:  # noqa: ANN401
    folders = [folder for path in _paths(recipe) for folder in (path, str(Path(path).parent))]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in (*_WHOLE, folder.log_file.name):
            if (folder.path / name).is_file():
                text = (folder.path / name).read_text(encoding="utf-8", errors="replace")
                archive.writestr(name, _without_paths(text, folders))
        if recipe is not None:
            archive.writestr("recipe.yaml", _portable(recipe, folders))
        for file in sorted(files_in(folder.best)):
            place = Path("checkpoint") / file.relative_to(folder.best)
            if file.suffix in _TEXTS and (backbone := _backbone_folder(folder.best)):
                archive.writestr(str(place), file.read_text(encoding="utf-8").replace(backbone, Path(backbone).name))
            else:
                archive.write(file, place)


def _backbone_folder(checkpoint: Path) -> str:
    """The path of a local backbone, which checkpoints of former versions have; empty in others."""
    try:
        name = str(parse_json((checkpoint / "config.json").read_text(encoding="utf-8"))["backbone"]["name"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return name if Path(name).is_absolute() else ""


def _stamp(checkpoint: Path) -> tuple[int, int] | None:
    """Another one when a live run has put a new checkpoint into its place."""
    try:
        found = checkpoint.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _recipe(folder: RunFolder) -> Any:  # noqa: ANN401
    file = folder.recipe if folder.recipe.is_file() else folder.path / "request.yaml"
    # What was labelled and saved as a checkpoint has no recipe.
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None


def _portable(recipe: Any, folders: Iterable[str]) -> str:  # noqa: ANN401
    try:
        return yaml.safe_dump(portable(check(recipe, where="recipe")), sort_keys=False, allow_unicode=True)
    except RecipeError:  # of another version
        return _without_paths(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), folders)


def _paths(value: Any) -> Iterator[str]:  # noqa: ANN401
    """Every absolute path in a recipe."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _paths(inner)
    elif isinstance(value, str) and Path(value).is_absolute():
        yield value


def _without_paths(text: str, folders: Iterable[str]) -> str:
    """Base names instead of paths, also of folders with blanks, in plain text and in JSON."""
    for folder in sorted({*folders}, key=len, reverse=True):
        for written in (folder, json.dumps(folder)[1:-1], json.dumps(folder, ensure_ascii=False)[1:-1]):
            text = text.replace(f"{written}/", "")
    return shown(text)


def slug(name: str) -> str:
    """A name of a run as the name of a file."""
    return "".join(letter if letter.isalnum() else "-" for letter in name).strip("-")[:60] or "run"
