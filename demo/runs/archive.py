"""A run as one file to download."""

import json
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

import yaml

from demo.runs.info import name_of
from demo.runs.shown import shown
from mtl.errors import RecipeError, RunError
from mtl.recipe import load, portable
from mtl.runs import RunFolder

_FOLDER = Path(tempfile.gettempdir()) / "polyhead-downloads"
_KEPT_SECONDS = 3600
_WHOLE = ("events.jsonl", "table.json")


def zip_run(folder: RunFolder) -> Path:
    """Recipe, events, log and the best checkpoint of a run as a zip below the temporary folder.

    It contains no path of this machine: the recipe names data files by folder and base name, as the checkpoint does.

    Raises:
        RunError: there is nothing to download yet.
    """
    if not any((folder.path / name).is_file() for name in _WHOLE):
        raise RunError("There is nothing to download yet.")
    _FOLDER.mkdir(mode=0o700, exist_ok=True)
    for old in _FOLDER.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    target = Path(tempfile.mkdtemp(dir=_FOLDER)) / f"{_slug(name_of(folder))}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in _WHOLE:
            if (folder.path / name).is_file():
                archive.writestr(name, shown((folder.path / name).read_text(encoding="utf-8")))
        archive.writestr("log.txt", shown(folder.log_file.read_text(encoding="utf-8", errors="replace")))
        archive.writestr("recipe.yaml", _recipe(folder))
        for file in sorted(folder.best.rglob("*")) if folder.best.is_dir() else []:
            archive.write(file, Path("checkpoint") / file.relative_to(folder.best))
    return target


def _recipe(folder: RunFolder) -> str:
    file = folder.recipe if folder.recipe.is_file() else folder.path / "request.yaml"
    try:
        content = portable(load(file))
    except RecipeError:  # the data may have been deleted
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content = json.loads(shown(json.dumps(content)))
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name).strip("-")[:60] or "run"
