"""A run's best model in the format of another tool, made by `python -m mtl export` in a separate process."""

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from demo.runs.archive import slug
from demo.runs.commands import Command, Work
from demo.runs.info import name_of
from demo.settings import Settings
from demo.temporary import new_temporary_folder
from mtl.errors import InputError, RunError
from mtl.exports import FORMATS
from mtl.folders import files_in
from mtl.runs import RunFolder

_MINUTES = 30.0


@dataclass(frozen=True, slots=True)
class Exported:
    """A zip to download, and sentences on what its format cannot hold."""

    file: Path
    notes: tuple[str, ...]


def export_run(run: RunFolder, format_: str | None, settings: Settings) -> Exported:
    """Export the best checkpoint of a run.

    Raises:
        InputError: there is no such format.
        RunError: there is no model yet, the format cannot hold it or needs a package that is missing, or a limit of
            the page was exceeded.
    """
    if format_ not in FORMATS:
        raise InputError(f"a format of {', '.join(FORMATS)} was expected, was {format_!r}")
    need_model(run, "export")
    folder = new_temporary_folder() / f"{slug(name_of(run))}-{format_}"
    try:
        arguments = ["export", str(run.best), str(folder), "--format", format_]
        seconds = 60 * (settings.max_minutes or _MINUTES)
        answer = Command(arguments, settings=settings, work=Work.TORCH).answer(seconds=seconds)
        target = folder.with_name(f"{folder.name}.zip")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(files_in(folder)):
                archive.write(file, Path(folder.name) / file.relative_to(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Exported(target, tuple(answer["notes"]))


def need_model(run: RunFolder, action: str) -> None:
    """Refuse a run that has saved no checkpoint.

    Raises:
        RunError: there is no model to export or upload yet.
    """
    if not (run.best / "config.json").is_file():
        raise RunError(f"There is no model to {action} yet.")
