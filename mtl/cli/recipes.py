"""Recipes of a command: what is wrong with one is told by the name of its file, also where that is found later."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mtl.cli.console import need_writable
from mtl.errors import DataError, RecipeError
from mtl.recipe import Recipe, load
from mtl.runs import RunFolder
from mtl.user_path import resolved


def recipe_file(source: Path) -> Path:
    """The recipe of a run's folder, or the file itself."""
    return RunFolder(source).recipe if source.is_dir() else source


def need_recipe(
    file: Path, overrides: Sequence[str] = (), *, run_dir: Path | None = None, json_file: Path | None = None
) -> None:
    """Refuse a wrong recipe or output before a command imports torch, which takes seconds.

    What can be read but once, such as a pipe, is left to the command. So is everything of several processes, which
    read together.

    Raises:
        RecipeError: it cannot be read, or is wrong.
        InputError: the links of `run_dir` lead in a circle, or `json_file` cannot be written.
    """
    if run_dir is not None:
        resolved(run_dir)
    is_read_once = file.exists() and not file.is_file() or file.is_relative_to("/dev")
    if is_read_once or _are_several():
        return
    recipe = load(file, overrides)
    if json_file is not None:
        need_writable(json_file, file, *files_of(recipe))


def need_run(folder: Path) -> None:
    """The same of the folder of a run.

    Raises:
        RunError: it is none.
    """
    if not _are_several():
        RunFolder(resolved(folder)).read_status()


def _are_several() -> bool:
    return int(os.environ.get("WORLD_SIZE") or 1) > 1


@contextmanager
def told_of(recipe: Path, run_dir: Path | None = None) -> Iterator[None]:
    """While a recipe that was read is used, put its file in front of errors of its keys.

    Args:
        recipe: the file.
        run_dir: where the run goes; a recipe that lies there was written by a program, and its place tells nobody
            anything.

    Raises:
        RecipeError, DataError: as what is done, with a path.
    """
    try:
        yield
    except (RecipeError, DataError) as error:
        key = error.key or ""
        is_of_recipe = not key.startswith("--") if isinstance(error, RecipeError) else key.startswith("tasks.")
        is_written_by_user = run_dir is None or resolved(recipe).parent != resolved(run_dir)
        if error.path is None and is_of_recipe and is_written_by_user:
            error.path = str(recipe)
        raise


def files_of(recipe: Recipe) -> tuple[str, ...]:
    """The data files that a recipe reads; data sets of the Hub among them by their names."""
    return tuple(file for task in recipe.tasks.values() for file in (*task.train, *task.dev))
