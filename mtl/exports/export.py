"""One way to write every format: beside its place first, and moved there when it is whole."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from mtl.errors import InputError, MtlError, StorageError
from mtl.exports.formats import FORMATS, WHOLE
from mtl.exports.report import ExportLog, ExportReport
from mtl.folders import files_in, folder_size
from mtl.runs.folder import NO_ROOM

if TYPE_CHECKING:
    from mtl.inference.source import ModelSource


def export(checkpoint: str | Path, folder: Path, *, format: str) -> ExportReport:  # noqa: A002
    """Write a model for another tool.

    Args:
        checkpoint: as `Engine.load` takes it.
        folder: to write; it does not exist, or is empty.
        format: one of `FORMATS`.

    Raises:
        InputError: there is no such format, it cannot hold this model, or the folder has files already.
        StorageError: the disk is full.
        CheckpointError, BackboneError: the model cannot be loaded.
    """
    if format not in FORMATS:
        raise InputError(f"a format of {', '.join(FORMATS)} was expected, was {format!r}", key="--format")
    _need_empty(folder)
    from mtl.inference.source import find_model

    log = ExportLog()
    made = [parent for parent in folder.parents if not parent.exists()]
    fresh = _beside(folder)
    try:
        source = find_model(str(checkpoint))  # before torch is imported, which takes seconds
        _write(source, fresh, format, log)
        if folder.is_dir():
            folder.rmdir()
        fresh.rename(folder)
    except MtlError as error:
        error.path = error.path and error.path.replace(str(fresh), str(folder))
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for parent in made:  # those of a refused export are empty
            with suppress(OSError):
                parent.rmdir()
    files = sorted(files_in(folder))
    names = tuple(file.relative_to(folder).as_posix() for file in files)
    return ExportReport(format, folder, names, folder_size(folder), log.notes)


def _beside(folder: Path) -> Path:
    """An empty folder beside the one to write; those of exports that were killed are deleted.

    Raises:
        StorageError: it cannot be made.
    """
    for other in folder.parent.glob(f".*-{folder.name}"):
        pid = other.name[1:].partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(other, ignore_errors=True)
    fresh = folder.with_name(f".{os.getpid()}-{folder.name}")
    try:
        fresh.mkdir(parents=True)
    except OSError as error:
        raise StorageError(f"a place that can be written was expected: {error.strerror}", path=folder) from error
    return fresh


def _need_empty(folder: Path) -> None:
    if folder.is_symlink():
        raise InputError("a new or an empty folder was expected, this is a link", path=folder)
    if folder.exists() and not folder.is_dir():
        raise InputError("a folder to write was expected, this is a file", path=folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError("a new or an empty folder was expected, this one has files", path=folder)


def _write(source: "ModelSource", folder: Path, name: str, log: ExportLog) -> None:
    from safetensors import SafetensorError

    from mtl.adapters import merge_adapters
    from mtl.inference.source import load_model

    loaded = load_model(source)
    merge_adapters(loaded.model.encoder)
    if loaded.outside and name != WHOLE:
        log.note("nothing tells which texts are unlike the training texts, as mtl.Engine does")
    try:
        FORMATS[name](loaded, folder, log)
    except SafetensorError as error:  # it wraps what the system says in text
        raise StorageError(f"room for the weights was expected: {error}", path=folder) from error
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise StorageError(f"room for the model was expected: {error.strerror}", path=folder) from error
