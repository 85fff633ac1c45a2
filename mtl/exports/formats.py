"""The formats by name. What a format needs is imported when it is used."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mtl.exports.report import ExportLog

if TYPE_CHECKING:
    from mtl.checkpoint.store import LoadedModel

Writer = Callable[["LoadedModel", Path, ExportLog], None]
"""Writes a model in eval mode, in float32 on the CPU and without adapters, into an empty folder. It may change the
model."""


def _sentence_transformers(loaded: "LoadedModel", folder: Path, log: ExportLog) -> None:
    from mtl.exports.sentence_transformers import write

    write(loaded, folder, log)


def _transformers(loaded: "LoadedModel", folder: Path, log: ExportLog) -> None:
    from mtl.exports.pipelines import write

    write(loaded, folder, log)


def _onnx(loaded: "LoadedModel", folder: Path, log: ExportLog) -> None:
    from mtl.exports.onnx import write

    write(loaded, folder, log)


def _static(loaded: "LoadedModel", folder: Path, log: ExportLog) -> None:
    from mtl.exports.static import write

    write(loaded, folder, log)


WHOLE = "sentence-transformers"
"""The format that `mtl.Engine.load` reads with everything that the model had."""
FORMATS: dict[str, Writer] = {
    WHOLE: _sentence_transformers,
    "transformers": _transformers,
    "onnx": _onnx,
    "static": _static,
}
