"""The folders of runs: a run folder, or one inside the folder of a comparison."""

import os
from collections.abc import Iterator
from pathlib import Path

from demo.runs.visitors import hashed as hashed
from mtl.errors import RunError
from mtl.runs import RunFolder, runs_root
from mtl.runs.folder import replace_file

_PRESETS = "presets"
BACKBONE = "backbone:"
"""The start of a preset that is another backbone."""


def place_of(run_id: str) -> RunFolder:
    """The folder of a run by its id, `NAME` or `COMPARISON/NAME`.

    Raises:
        RunError: there is no such folder.
    """
    parts = run_id.split("/") if isinstance(run_id, str) else []  # a browser can store and send anything
    if 1 <= len(parts) <= 2 and all(_is_name(part) for part in parts):
        folder = RunFolder(runs_root().joinpath(*parts))
        if os.path.isdir(folder.path) and (len(parts) == 1 or is_comparison(place_of(parts[0]))):
            return folder
    raise RunError("There is no such run.")


def id_of(folder: RunFolder) -> str:
    """The id that `place_of` takes."""
    return folder.path.relative_to(runs_root()).as_posix()


def top_folders() -> list[RunFolder]:
    """Every run and comparison, of all owners."""
    return _runs_in(runs_root())


def is_comparison(folder: RunFolder) -> bool:
    """Whether a folder contains the runs of a comparison instead of one run."""
    return os.path.isfile(folder.path / _PRESETS)


def members(comparison: RunFolder) -> Iterator[RunFolder]:
    """The runs of a comparison started so far, in order of their start."""
    started = [folder for folder in _runs_in(comparison.path) if os.path.isfile(folder.status_file)]
    yield from sorted(started, key=_start_of)


def write_presets(comparison: RunFolder, presets: tuple[str, ...]) -> None:
    """Mark a folder as a comparison."""
    replace_file(comparison.path / _PRESETS, "\n".join(presets))


def presets_of(comparison: RunFolder) -> tuple[str, ...]:
    """The presets that a comparison compares.

    Raises:
        RunError: they cannot be read.
    """
    try:
        return tuple((comparison.path / _PRESETS).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise RunError("a comparison was expected, its folder cannot be read", path=comparison.path) from error


def _runs_in(root: Path) -> list[RunFolder]:
    """Folders that are named as runs are; none where there is no such folder, or it cannot be listed."""
    try:
        return [RunFolder(path) for path in root.iterdir() if _is_name(path.name) and os.path.isdir(path)]
    except OSError:
        return []


def _start_of(folder: RunFolder) -> float:
    try:
        return (folder.path / "request.yaml").stat().st_mtime
    except OSError:
        return 0.0


def _is_name(name: str) -> bool:
    try:
        RunFolder(Path(name))
    except RunError:
        return False
    return "/" not in name
