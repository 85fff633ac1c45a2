"""Output files: how a part is written, and how parts become one file."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mtl.inference.analysis import Analysis
from mtl.inference.engine import Engine
from mtl.recipe.choices import TaskKind

if TYPE_CHECKING:
    import pyarrow


class OutputFormat(Protocol):
    """One kind of output."""

    suffix: str

    def write(self, path: Path, engine: Engine, texts: Sequence[str]) -> None:
        """Run texts and write them as one part."""

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """Write the parts, at least one, as one file, without holding them all in memory."""


class PredictionLines:
    """One JSON object a text: `text`, `classes`, `labels`, `entities`, `tokens`, `cut_at`, `windows`."""

    suffix = ".jsonl"

    def write(self, path: Path, engine: Engine, texts: Sequence[str]) -> None:
        with path.open("w", encoding="utf-8") as file:
            for analysis in engine.analyze(texts):
                file.write(json.dumps(_record(analysis), ensure_ascii=False) + "\n")

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """One after the other."""
        with target.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out)


class EmbeddingArray:
    """`(N, H)` float32 as NumPy's `.npy`."""

    suffix = ".npy"

    def write(self, path: Path, engine: Engine, texts: Sequence[str]) -> None:
        with path.open("wb") as file:
            np.save(file, engine.encode(texts))

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """A header for all rows, then the rows."""
        first = np.load(parts[0], mmap_mode="r")
        rows = sum(len(np.load(part, mmap_mode="r")) for part in parts)
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, first.shape[1])}
        with target.open("wb") as out:
            np.lib.format.write_array_header_1_0(out, header)
            for part in parts:
                out.write(np.load(part).astype("<f4", copy=False).tobytes())


class _ParquetParts:
    suffix = ".parquet"

    def assemble(self, parts: Sequence[Path], target: Path) -> None:
        """A row group for each part."""
        import pyarrow.parquet as pq

        with pq.ParquetWriter(target, pq.read_schema(parts[0])) as out:
            for part in parts:
                out.write_table(pq.read_table(part))


class PredictionTable(_ParquetParts):
    """The fields of `PredictionLines` as columns; a model without tasks of a kind has no such column."""

    def write(self, path: Path, engine: Engine, texts: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        records = [_record(analysis) for analysis in engine.analyze(texts)]
        pq.write_table(pa.Table.from_pylist(records, schema=_schema(engine)), path)


class EmbeddingTable(_ParquetParts):
    """Columns `text` and `embedding`."""

    def write(self, path: Path, engine: Engine, texts: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        embeddings = engine.encode(texts)
        lists = pa.FixedSizeListArray.from_arrays(embeddings.reshape(-1), embeddings.shape[1])
        pq.write_table(pa.table({"text": pa.array(texts, pa.string()), "embedding": lists}), path)


def _record(analysis: Analysis) -> dict[str, object]:
    return {
        "text": analysis.text,
        "classes": analysis.classes,
        "labels": analysis.labels,
        "entities": analysis.entities,
        "tokens": analysis.tokens,
        "cut_at": analysis.cut_at,
        "windows": analysis.windows,
    }


def _schema(engine: Engine) -> "pyarrow.Schema":
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
    fields = [("text", pa.string())]
    if classes:
        labels = [(name, pa.list_(pa.string())) for name, _ in classes]
        fields += [("classes", pa.struct(classes)), ("labels", pa.struct(labels))]
    fields += [("entities", pa.struct(entities))] if entities else []
    return pa.schema([*fields, ("tokens", pa.int64()), ("cut_at", pa.int64()), ("windows", pa.int64())])
