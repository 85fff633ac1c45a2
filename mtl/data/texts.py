"""Texts of a file of any format, one at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mtl.data.formats import ReadOptions, Source
from mtl.data.place import ReadLog
from mtl.data.rows import read_rows
from mtl.errors import DataError
from mtl.text import clean

_BLOCK = 1 << 20
_DEFAULT = ReadOptions()


def text_source(path: Path, options: ReadOptions = _DEFAULT) -> Source:
    """A file to read texts from, with the format and the column of the text where they are said."""
    return Source(path, wanted=("text",), options=options)


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row of a file: its text, None where it has none, the line or row where it stands, and all its columns."""

    text: str | None
    line: int | str | None
    values: Mapping[str, object]


def read_texts(source: Source, log: ReadLog | None = None) -> Iterator[TextRow]:
    """The rows of a file in order, without blank lines of `.txt`; sentences of tokens are joined as if typed.

    Args:
        source: as `text_source` makes it.
        log: takes notes, and the errors of rows without a text, each of which is then a row of None; without one no
            column is guessed.

    Raises:
        DataError: no format reads the file, or a row has no text and `log` refuses it.
    """
    bad = (log or ReadLog()).bad
    waiting: list[TextRow] = []

    def reject(error: DataError) -> None:
        bad(error)
        waiting.append(TextRow(None, error.line, {}))

    for row in read_rows(source, None if log is None else log.with_bad(reject)):
        yield from _before(row.where.line, waiting)
        try:
            text = clean(row.text("text"))
        except DataError as error:
            bad(error)
            text = None
        yield TextRow(text, row.where.line, row.values)
    yield from waiting


def _before(line: int | str | None, waiting: list[TextRow]) -> Iterator[TextRow]:
    """Take the rejected rows that stand before a line: readers look ahead, so that they can come too early."""
    while waiting and not (isinstance(line, int) and isinstance(waiting[0].line, int) and waiting[0].line > line):
        yield waiting.pop(0)


def estimated_rows(source: Path) -> int | None:
    """About how many rows a file has, for a progress bar: lines, or the row count of a Parquet file."""
    try:
        if source.suffix.lower() == ".parquet":
            import pyarrow.parquet

            return int(pyarrow.parquet.read_metadata(source).num_rows)
        with source.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
    except (OSError, ValueError):  # reading the file reports what is wrong with it
        return None
