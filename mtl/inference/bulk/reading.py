"""The rows of an input in chunks, the same ones at every call."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from mtl.data.formats import Source
from mtl.data.place import ReadLog
from mtl.data.texts import TextRow, read_texts
from mtl.errors import DataError, InputError
from mtl.inference.bulk.rows import KEEP_ALL, TEXT, OutputRow, kept_names, output_row

MOST_TEXTS = 4096
"""Of a chunk."""
MOST_CHARACTERS = 4_000_000
"""Of a chunk, unless one text has more."""
_PEEKED = 1000  # rows that show the columns


def read_chunks(
    source: Source, keep: Sequence[str], log: ReadLog, *, most_texts: int | None = None
) -> Iterator[list[OutputRow]]:
    """The rows of a file with the columns that they keep, in chunks that one call of an engine takes.

    Args:
        source: the file, and how it is to be read.
        keep: columns of the input that rows keep; `(KEEP_ALL,)` keeps all.
        log: takes notes, and the errors of rows.
        most_texts: of a chunk, at most the default.

    Raises:
        DataError: the input cannot be read, or lacks a column that is to be kept.
    """
    most = MOST_TEXTS if most_texts is None else min(most_texts, MOST_TEXTS)
    read = read_texts(source, log)
    first = _first_rows(read)
    columns = _kept_columns(first, keep, source.path) if first else {}
    rows = chain(first, read)
    while chunk := list(islice(_up_to(rows, MOST_CHARACTERS), most)):
        _note_others(chunk, columns, keep, log)
        yield [output_row(row, columns) for row in chunk]


def need_text(source: Source, keep: Sequence[str]) -> None:
    """Refuse an input without a text, or one that cannot be read up to its first.

    Raises:
        DataError: it cannot be read, or lacks a column that is to be kept.
        InputError: it has no row.
    """
    errors: list[DataError] = []

    def bad(error: DataError) -> None:
        if not errors:
            errors.append(error)

    chunks = read_chunks(source, keep, ReadLog(bad), most_texts=1)
    if not any(row.text is not None for rows in chunks for row in rows):
        raise errors[0] if errors else InputError("at least one text was expected, the file has none", path=source.path)


def _kept_columns(rows: Sequence[TextRow], keep: Sequence[str], path: Path) -> dict[str, str]:
    """The columns to keep and their names in the output, by the first rows.

    Raises:
        DataError: there is no such column.
    """
    there = tuple(dict.fromkeys(name for row in rows for name in row.values))
    if KEEP_ALL in keep:
        return kept_names([name for name in there if name != TEXT])
    missing = [name for name in keep if name not in there]
    if missing:
        among = ", ".join(there[:8]) or "none"
        raise DataError(f"the column {missing[0]} was expected to be kept, is missing among {among}", path=path)
    return kept_names(keep)


def _first_rows(rows: Iterator[TextRow]) -> list[TextRow]:
    """As many as show the columns: a thousand, and on to the first that is no rejected one."""
    first = list(islice(rows, _PEEKED))
    while not any(row.values for row in first) and (row := next(rows, None)) is not None:
        first.append(row)
    return first


def _note_others(rows: Sequence[TextRow], columns: Mapping[str, str], keep: Sequence[str], log: ReadLog) -> None:
    if KEEP_ALL in keep:
        late = dict.fromkeys(name for row in rows for name in row.values if name != TEXT and name not in columns)
        for name in late:
            log.note(f"the column {name} is not kept, since the first {_PEEKED:,} rows lack it")


def _up_to(rows: Iterator[TextRow], characters: int) -> Iterator[TextRow]:
    total = 0
    while total < characters and (row := next(rows, None)) is not None:
        total += len(row.text or "")
        yield row
