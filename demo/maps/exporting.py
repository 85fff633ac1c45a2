"""Export of embeddings with their sentences."""

import csv
import shutil
import tempfile
import time
from enum import StrEnum
from pathlib import Path

import numpy as np

from demo.answers.embedded import Embedded

_PREFIX = "polyhead-export-"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_KEPT_SECONDS = 3600
"""The page copies a file as soon as it is written, so older files are no longer needed."""


class ExportFormat(StrEnum):
    """The file formats; the value is the file extension."""

    NPY = ".npy"
    PARQUET = ".parquet"
    CSV = ".csv"


def export_embeddings(embedded: Embedded, form: ExportFormat) -> Path:
    """Write the embeddings into a temporary folder.

    `.npy` contains only the matrix `(N, H)`, in the order of the sentences. The other formats also contain text, label
    and predictions; `.parquet` has one list column for the embedding, `.csv` one column for each number. A text in
    `.csv` that a spreadsheet would run as a formula begins with an apostrophe.
    """
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=_PREFIX)) / f"embeddings{form}"
    {ExportFormat.NPY: _npy, ExportFormat.PARQUET: _parquet, ExportFormat.CSV: _csv}[form](embedded, path)
    return path


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if folder.stat().st_mtime < time.time() - _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _npy(embedded: Embedded, path: Path) -> None:
    np.save(path, embedded.vectors, allow_pickle=False)


def _columns(embedded: Embedded) -> dict[str, tuple[str, ...]]:
    label = {"label": embedded.labels} if embedded.labels else {}
    return {"text": embedded.texts, **label, **{f"predicted_{task}": v for task, v in embedded.predicted.items()}}


def _parquet(embedded: Embedded, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    flat = pyarrow.array(embedded.vectors.reshape(-1))
    embedding = pyarrow.FixedSizeListArray.from_arrays(flat, embedded.vectors.shape[1])
    pyarrow.parquet.write_table(pyarrow.table({**_columns(embedded), "embedding": embedding}), path)


def _csv(embedded: Embedded, path: Path) -> None:
    columns = _columns(embedded)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(_cell, columns), *(f"e{i}" for i in range(embedded.vectors.shape[1]))])
        for texts, vector in zip(zip(*columns.values(), strict=True), embedded.vectors, strict=True):
            writer.writerow([*map(_cell, texts), *(f"{value:.7g}" for value in vector.tolist())])


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
