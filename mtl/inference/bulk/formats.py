"""Output files: how a part is written, and how parts become one file."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.inference.analysis import Analysis
from mtl.inference.bulk.rows import OutputRow
from mtl.inference.engine import Engine
from mtl.recipe.choices import TaskKind

if TYPE_CHECKING:
    import pyarrow

_FIELDS = ("classes", "labels", "entities", "tokens", "cut_at", "windows")
_OUTSIDE = "outside"


class OutputFormat(Protocol):
    """One kind of output."""

    suffix: str
    needs_index: bool
    """Whether its rows cannot say which line of the input they come from."""

    def write(self, path: Path, engine: Engine, rows: Sequence[OutputRow]) -> None:
        """Run the texts of rows and write the rows as one part."""

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """Write the parts, at least one, as one file, without holding them all in memory."""


class PredictionLines:
    """One JSON object a row: `text`, `line`, kept columns, then the fields of an analysis."""

    suffix = ".jsonl"
    needs_index = False

    def write(self, path: Path, engine: Engine, rows: Sequence[OutputRow]) -> None:
        with path.open("w", encoding="utf-8") as file:
            for row, fields in zip(rows, _analyses(engine, rows), strict=True):
                record = {"text": row.text, **row.source(), **fields}
                file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """One after the other."""
        with target.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out)


class EmbeddingArray:
    """`(N, H)` float32 as NumPy's `.npy`, not-a-number where a row has no text."""

    suffix = ".npy"
    needs_index = True

    def write(self, path: Path, engine: Engine, rows: Sequence[OutputRow]) -> None:
        with path.open("wb") as file:
            _write_rows(file, [_embeddings(engine, rows)])

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """A header for all rows, then the rows."""
        with target.open("wb") as out:
            _write_rows(out, [np.load(part, mmap_mode="r") for part in parts])


def _write_rows(file: BinaryIO, parts: Sequence[NDArray[np.float32]]) -> None:
    """Write `(N, H)` float32 one after the other as one array; `np.save` does not say why the system refuses a file."""
    shape = (sum(len(part) for part in parts), parts[0].shape[1])
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    for part in parts:
        file.write(part.astype("<f4", copy=False).tobytes())


class _ParquetParts:
    suffix = ".parquet"
    needs_index = False

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """A row group for each part."""
        import pyarrow.parquet as pq

        with pq.ParquetWriter(target, pq.read_schema(parts[0])) as out:
            for part in parts:
                out.write_table(pq.read_table(part))


class PredictionTable(_ParquetParts):
    """The fields of `PredictionLines` as columns, `line` and kept ones as text.

    A model without tasks of a kind has no such column, nor one that knows of no training texts the column `outside`.
    """

    def write(self, path: Path, engine: Engine, rows: Sequence[OutputRow]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = _analyses(engine, rows)
        records = [{"text": row.text, **row.flat(), **own} for row, own in zip(rows, fields, strict=True)]
        pq.write_table(pa.Table.from_pylist(records, schema=_schema(engine, list(rows[0].flat()))), path)


class EmbeddingTable(_ParquetParts):
    """Columns `text`, `line`, kept ones, and `embedding`."""

    def write(self, path: Path, engine: Engine, rows: Sequence[OutputRow]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        embeddings = _embeddings(engine, rows)
        is_empty = pa.array([row.text is None for row in rows])
        lists = pa.FixedSizeListArray.from_arrays(embeddings.reshape(-1), embeddings.shape[1], mask=is_empty)
        flat = [row.flat() for row in rows]
        columns = {"text": pa.array([row.text for row in rows], pa.string())}
        columns |= {name: pa.array([one[name] for one in flat], pa.string()) for name in flat[0]}
        pq.write_table(pa.table({**columns, "embedding": lists}), path)


def _embeddings(engine: Engine, rows: Sequence[OutputRow]) -> NDArray[np.float32]:
    """`(N, H)`, not-a-number where a row has no text."""
    found = np.full((len(rows), engine.dimension), np.nan, dtype=np.float32)
    texts = [row.text for row in rows if row.text is not None]
    if texts:
        found[[i for i, row in enumerate(rows) if row.text is not None]] = engine.encode(texts)
    return found


def _analyses(engine: Engine, rows: Sequence[OutputRow]) -> list[dict[str, object]]:
    """The fields of each row's analysis, None where it has no text."""
    texts = [row.text for row in rows if row.text is not None]
    found = iter(engine.analyze(texts)) if texts else iter(())
    return [dict.fromkeys((*_FIELDS, _OUTSIDE)) if row.text is None else _fields(next(found)) for row in rows]


def _fields(analysis: Analysis) -> dict[str, object]:
    return {**{name: getattr(analysis, name) for name in _FIELDS}, _OUTSIDE: analysis.outside_values}


def _schema(engine: Engine, columns: Sequence[str]) -> "pyarrow.Schema":
    import pyarrow as pa

    entity = pa.struct(
        [
            ("entity_group", pa.string()),
            ("score", pa.float64()),
            ("word", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    )
    tasks = engine.tasks.values()
    classes = [
        (t.name, pa.struct([(label, pa.float64()) for label in t.labels]))
        for t in tasks
        if t.kind is TaskKind.CLASSIFICATION
    ]
    entities = [(t.name, pa.list_(entity)) for t in tasks if t.kind is TaskKind.TAGGING]
    fields = [(name, pa.string()) for name in ("text", *columns)]
    if classes:
        labels = [(name, pa.list_(pa.string())) for name, _ in classes]
        fields += [("classes", pa.struct(classes)), ("labels", pa.struct(labels))]
    fields += [("entities", pa.struct(entities))] if entities else []
    fields += [("tokens", pa.int64()), ("cut_at", pa.int64()), ("windows", pa.int64())]
    if engine.knows_outside:
        score = pa.struct([("distance", pa.float64()), ("is_outside", pa.bool_())])
        fields.append((_OUTSIDE, pa.struct([(name, score) for name in engine.knows_outside])))
    return pa.schema(fields)
