"""Parquet files, in batches of rows; classes that Hugging Face data sets store by number get their names."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example
from mtl.data.formats.class_names import class_names, named
from mtl.data.formats.delimited import distinct
from mtl.data.formats.interface import Format, Source
from mtl.data.place import Place, ReadLog, Row
from mtl.data.writing import record_of
from mtl.errors import DataError
from mtl.json_text import parse_json
from mtl.memory import need_memory

_ROWS = 4096
"""Of a batch: a dictionary can make rows in memory far larger than they are in the file."""


def read_parquet(source: Source, log: ReadLog) -> Iterator[Row]:
    """The rows of a file, of which only a part is in memory.

    Raises:
        DataError: it is no Parquet file, or it says that it needs more memory than there may be.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(source.path, memory_map=True)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError("a Parquet file was expected, it cannot be read as one", path=source.path) from error
    with file:
        _need_memory(file.metadata, source.path)
        features = {} if source.options.keep_numbers else _class_names(file.schema_arrow.metadata)
        if features:
            log.note(f"{source.path.name}: numbers of {', '.join(features)} are read as the names in the file")
        number, top = 0, Place(source.path)
        batches = file.iter_batches(batch_size=_ROWS)
        while True:
            try:
                batch = next(batches, None)
                records = batch.rename_columns(distinct(batch.schema.names)).to_pylist() if batch is not None else []
            except MemoryError:  # pyarrow's is an ArrowException too
                raise
            except (OSError, pyarrow.ArrowException) as error:
                message = f"a Parquet file was expected, it is damaged after row {number}"
                raise DataError(message, path=source.path) from error
            if batch is None:
                return
            for record in records:
                number += 1
                yield Row(Place(source.path, f"row {number}"), named(record, features), top)


def _need_memory(metadata: Any, path: Path) -> None:  # noqa: ANN401
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        columns = (group.column(i).total_uncompressed_size for i in range(group.num_columns))
        need_memory(max(group.total_byte_size, sum(columns)), path)


def _class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    try:
        features: Any = parse_json((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    return class_names(features)


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    import pyarrow
    import pyarrow.parquet

    records = [record_of(example) for example in examples]
    columns = list(dict.fromkeys(name for record in records for name in record))
    table = pyarrow.table({name: [record.get(name) for record in records] for name in columns})
    with path.open("wb") as file:  # of a path that cannot be written pyarrow removes what was there, devices too
        pyarrow.parquet.write_table(table, file)


PARQUET = Format("parquet", "a Parquet file", lambda source: source.head.startswith(b"PAR1"), read_parquet, _write)
