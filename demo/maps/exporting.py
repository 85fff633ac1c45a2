"""Export of embeddings with their sentences."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.answers.embedded import Embedded
from demo.inputs.new_folder import new_folder
from demo.temporary import new_temporary_folder
from mtl.data.formats.formulas import protected
from mtl.inference.bulk.rows import TEXT, kept_names, output_row


class ExportFormat(StrEnum):
    """The file formats; the value is the file extension."""

    NPY = ".npy"
    PARQUET = ".parquet"
    CSV = ".csv"


def export_embeddings(embedded: Embedded, form: ExportFormat) -> Path:
    """Write the embeddings into a temporary folder; of a file, each of its rows is a row.

    `.npy` contains only the matrix `(N, H)`, not-a-number for a row without a text. The other formats also contain
    text, label, predictions, and of a file its line, its columns, and what is wrong with a row that was rejected, with
    nulls for a row without a text. `.parquet` has one list column for the embedding, `.csv` one column for each number.
    A text in `.csv` that a spreadsheet would run as a formula begins with an apostrophe, which readers take off.
    """
    with new_folder(new_temporary_folder()) as folder:
        path = folder / f"embeddings{form}"
        table = _table(embedded)
        {ExportFormat.NPY: _npy, ExportFormat.PARQUET: _parquet, ExportFormat.CSV: _csv}[form](table, path)
    return path


@dataclass(frozen=True, eq=False)
class _Table:
    """Columns of N values, and vectors `(N, H)` of which those of rows without a text are not-a-number."""

    columns: dict[str, list[str | None]]
    vectors: NDArray[np.float32]
    has_text: list[bool]


def _apart(given: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """The names of columns of the input, where they would be another one's with `(input)` and a number behind."""
    found: dict[str, str] = {}
    used = {*taken, *(fresh for fresh in given.values() if fresh not in taken)}
    for name, fresh in given.items():
        free = fresh
        if fresh in taken:
            numbered = (f"{fresh} (input{'' if i == 1 else f' {i}'})" for i in count(1))
            free = next(one for one in numbered if one not in used)
            used.add(free)
        found[name] = free
    return found


def _table(embedded: Embedded) -> _Table:
    own: dict[str, Sequence[str]] = {"text": embedded.texts}
    if embedded.labels:
        own["label"] = embedded.labels
    own |= {f"predicted_{task}": answers for task, answers in embedded.predicted.items()}
    rows = embedded.source.rows if embedded.source is not None else ()
    if not rows:
        return _Table({name: list(values) for name, values in own.items()}, embedded.vectors, [True] * len(own["text"]))
    has_text = [row.text is not None for row in rows]
    vectors = np.full((len(rows), embedded.vectors.shape[1]), np.nan, dtype=np.float32)
    vectors[has_text] = embedded.vectors
    ours = {name: _spread(values, has_text) for name, values in own.items()}
    read = (TEXT, "label") if embedded.labels else (TEXT,)
    given = kept_names(list(dict.fromkeys(name for row in rows for name in row.values if name not in read)))
    taken = {*ours, "rejected", *(f"e{i}" for i in range(vectors.shape[1]))}
    kept = _apart(given, taken)
    flat = [output_row(row, kept).flat() for row in rows]
    theirs = {name: [one[name] for one in flat] for name in flat[0]}
    problems = {str(error.line): str(error.message) for error in embedded.source.rejected} if embedded.source else {}
    if problems:
        theirs["rejected"] = [None if row.text is not None else problems.get(str(row.line)) for row in rows]
    text = {TEXT: ours.pop(TEXT)}
    return _Table({**text, **theirs, **ours}, vectors, has_text)


def _spread(values: Sequence[str], has_text: Sequence[bool]) -> list[str | None]:
    """The values of rows with a text, None for the others."""
    left = iter(values)
    return [next(left) if one else None for one in has_text]


def _npy(table: _Table, path: Path) -> None:
    np.save(path, table.vectors, allow_pickle=False)


def _parquet(table: _Table, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    flat = pyarrow.array(table.vectors.reshape(-1))
    is_empty = pyarrow.array([not one for one in table.has_text])
    embedding = pyarrow.FixedSizeListArray.from_arrays(flat, table.vectors.shape[1], mask=is_empty)
    columns = {name: pyarrow.array(values, pyarrow.string()) for name, values in table.columns.items()}
    pyarrow.parquet.write_table(pyarrow.table({**columns, "embedding": embedding}), path)


def _csv(table: _Table, path: Path) -> None:
    width = table.vectors.shape[1]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(protected, table.columns), *(f"e{i}" for i in range(width))])
        rows = zip(zip(*table.columns.values(), strict=True), table.vectors, table.has_text, strict=True)
        for values, vector, has_text in rows:
            numbers = [f"{value:.7g}" for value in vector.tolist()] if has_text else [""] * width
            writer.writerow([*("" if value is None else protected(value) for value in values), *numbers])
