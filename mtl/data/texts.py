"""Texts of a file of any format, one at a time."""

from collections.abc import Iterator
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


def read_texts(source: Source, log: ReadLog | None = None) -> Iterator[str]:
    """The texts of a file in order, without blank lines of `.txt`; sentences of tokens are joined as if typed.

    Args:
        source: as `text_source` makes it.
        log: takes notes, and the errors of rows without a text.

    Raises:
        DataError: no format reads the file, or a row has no text and `log` refuses it.
    """
    bad = (log or ReadLog()).bad
    for row in read_rows(source, log):
        try:
            text = clean(row.text("text"))
        except DataError as error:
            bad(error)
            continue
        yield text


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
