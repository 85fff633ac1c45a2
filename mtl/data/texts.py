"""Texts of a file, one at a time: the lines of `.txt`, or the column `text` of a table."""

from collections.abc import Iterator
from pathlib import Path

from mtl.data.tables import TABLE_SUFFIXES, OnBadRow, read_lines, read_rows, refuse
from mtl.errors import DataError, InputError
from mtl.text import clean

_BLOCK = 1 << 20


def read_texts(source: Path, bad: OnBadRow = refuse) -> Iterator[str]:
    """The texts of a file in order, without blank lines of `.txt`. `bad` takes the errors of rows without a text.

    Raises:
        DataError: the file cannot be read as its ending says.
        InputError: its ending is another one.
    """
    suffix = source.suffix.lower()
    if suffix == ".txt":
        yield from (clean(line) for _, line in read_lines(source, bad) if line.strip())
    elif suffix in TABLE_SUFFIXES:
        for row in read_rows(source, ("text",), bad):
            try:
                text = clean(row.text("text"))
            except DataError as error:
                bad(error)
                continue
            yield text
    else:
        raise InputError(
            f"a file ending in .txt, {', '.join(TABLE_SUFFIXES)} was expected, was {suffix!r}", path=source
        )


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
