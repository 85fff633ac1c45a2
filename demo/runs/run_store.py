"""The folders of runs and their owners: a run folder, or one inside the folder of a comparison."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

from mtl.errors import RunError
from mtl.runs import RunFolder, runs_root

_OWNER = "owner"
_PRESETS = "presets"


def place_of(run_id: str) -> RunFolder:
    """The folder of a run by its id, `NAME` or `COMPARISON/NAME`.

    Raises:
        RunError: there is no such folder.
    """
    parts = run_id.split("/")
    if len(parts) <= 2 and all(_is_name(part) for part in parts):
        folder = RunFolder(runs_root().joinpath(*parts))
        if folder.path.is_dir() and (len(parts) == 1 or is_comparison(place_of(parts[0]))):
            return folder
    raise RunError("There is no such run.")


def id_of(folder: RunFolder) -> str:
    """The id that `place_of` takes."""
    return folder.path.relative_to(runs_root()).as_posix()


def top_folders() -> list[RunFolder]:
    """Every run and comparison, of all owners."""
    root = runs_root()
    return [RunFolder(path) for path in root.iterdir() if _is_run(path)] if root.is_dir() else []


def is_comparison(folder: RunFolder) -> bool:
    """Whether a folder contains the runs of a comparison instead of one run."""
    return (folder.path / _PRESETS).is_file()


def members(comparison: RunFolder) -> Iterator[RunFolder]:
    """The runs of a comparison started so far, in order of their start."""
    started = [path for path in comparison.path.iterdir() if _is_run(path) and (path / "status.json").is_file()]
    yield from map(RunFolder, sorted(started, key=_start_of))


def write_presets(comparison: RunFolder, presets: tuple[str, ...]) -> None:
    """Mark a folder as a comparison."""
    (comparison.path / _PRESETS).write_text("\n".join(presets), encoding="utf-8")


def presets_of(comparison: RunFolder) -> tuple[str, ...]:
    """The presets that a comparison compares."""
    return tuple((comparison.path / _PRESETS).read_text(encoding="utf-8").split())


def write_owner(folder: RunFolder, owner: str) -> None:
    """Record the owner as a hash of the token."""
    (folder.path / _OWNER).write_text(hashed(owner), encoding="utf-8")


def is_owner(folder: RunFolder, owner: str) -> bool:
    """Whether a run or its comparison is this owner's."""
    top = folder.path if folder.path.parent == runs_root() else folder.path.parent
    try:
        recorded = (top / _OWNER).read_text(encoding="utf-8")
    except OSError:
        return False
    return bool(owner) and hmac.compare_digest(recorded, hashed(owner))


def hashed(owner: str) -> str:
    """The hash of an owner's token."""
    return hashlib.sha256(owner.encode("utf-8", errors="replace")).hexdigest()


def _start_of(path: Path) -> float:
    try:
        return (path / "request.yaml").stat().st_mtime
    except OSError:
        return 0.0


def _is_run(path: Path) -> bool:
    return path.is_dir() and _is_name(path.name)


def _is_name(name: str) -> bool:
    try:
        RunFolder(Path(name))
    except RunError:
        return False
    return "/" not in name
