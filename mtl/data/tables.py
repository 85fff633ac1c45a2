"""Rows of CSV, TSV, JSONL and Parquet files, each with the line it came from."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from mtl.errors import DataError
from mtl.text import clean

_FIELD_LIMIT = 10_000_000
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")

OnBadRow = Callable[[DataError], None]
"""Takes the error of a row that is then left out."""


def refuse(error: DataError) -> None:
    """A bad row ends the reading."""
    raise error


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: a line number from 1, for Parquet `row N`, or None for all of the file."""

    path: Path
    line: int | str | None = None

    def error(self, message: str) -> DataError:
        """What is wrong there."""
        return DataError(message, path=self.path, line=self.line)


@dataclass(frozen=True, slots=True)
class Row:
    """One record and where it stands."""

    where: Place
    values: dict[str, Any]

    def text(self, column: str) -> str:
        """A string that is not blank.

        Raises:
            DataError: the value is missing, blank or no string.
        """
        value = self.values.get(column)
        if not isinstance(value, str):
            raise self.where.error(f"{column} is a string, was {_shown(value)}")
        if not value.strip():
            raise self.where.error(f"{column} is empty")
        return value

    def label(self, column: str) -> str:
        """A string that is not blank, or a whole number as one.

        Raises:
            DataError: the value is anything else.
        """
        value = self.values.get(column)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise self.where.error(f"{column} is a string or a whole number, was {_shown(value)}")
        return clean(self.text(column).strip())

    def number(self, column: str) -> float:
        """A finite number.

        Raises:
            DataError: the value is no finite number.
        """
        value = self.values.get(column)
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError) as error:
            raise self.where.error(f"{column} is a number, was {_shown(value)}") from error
        if not abs(number) < float("inf"):
            raise self.where.error(f"{column} is a finite number, was {_shown(value)}")
        return number


def read_rows(path: Path, columns: tuple[str, ...], bad: OnBadRow = refuse) -> Iterator[Row]:
    """The rows of a table that must have these columns; others are ignored. `bad` takes the errors of wrong rows.

    Raises:
        DataError: the file is not readable as its ending says, or lacks a column.
    """
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"a file ending in {', '.join(TABLE_SUFFIXES)} was expected, was {path.suffix!r}", path=path)
    yield from reader(path, columns, bad)


def read_lines(path: Path, bad: OnBadRow = refuse) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines without their end, of a UTF-8 file with or without a byte-order mark.

    Raises:
        DataError: the file cannot be read, or a line is not UTF-8 or holds a NUL.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                try:
                    line = _decoded(raw, Place(path, number))
                except DataError as error:
                    bad(error)
                    continue
                yield number, line.rstrip("\r\n")
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=path) from error


def _decoded(raw: bytes, where: Place) -> str:
    if b"\0" in raw:
        raise where.error("text was expected, was binary data")
    try:
        return raw.decode("utf-8-sig" if where.line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise where.error(f"UTF-8 text was expected, byte {error.start} is not") from error


def _read_csv(path: Path, columns: tuple[str, ...], bad: OnBadRow) -> Iterator[Row]:
    csv.field_size_limit(_FIELD_LIMIT)
    numbered = read_lines(path, bad)
    head = [next((pair for pair in numbered if pair[1].strip()), (1, ""))]
    lines = _NumberedLines(chain(head, numbered))
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _separator(head[0][1])
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        lines.first = None
        try:
            record = next(reader, None)
        except csv.Error as error:
            problem = Place(path, lines.first).error(f"valid {path.suffix[1:].upper()} was expected: {error}")
            problem.__cause__ = error
            bad(problem)
            continue
        if record is None:
            break
        where = Place(path, lines.first)
        if not record:
            continue
        if header is None:
            header = [name.strip() for name in record]
            _need(header, columns, where)
        elif len(record) != len(header):
            bad(
                where.error(
                    f"{len(header)} fields ({', '.join(header)}) were expected, were {len(record)}; "
                    "a text that holds the separator needs quotes"
                )
            )
        else:
            yield Row(where, dict(zip(header, record, strict=True)))
    if header is None:
        raise Place(path, 1).error(f"a header with {', '.join(columns)} was expected, the file is empty")


def _separator(header: str) -> str:
    """The one that the header has most of: many spreadsheets write semicolons, or tabs, into `.csv`."""
    return max(",;\t", key=header.count)


class _NumberedLines:
    """Lines for a CSV reader, which takes several for one record; `first` is the number of the record's first."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines = lines
        self.first: int | None = None

    def __iter__(self) -> "_NumberedLines":
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        self.first = self.first or number
        return line + "\n"


def _read_jsonl(path: Path, columns: tuple[str, ...], bad: OnBadRow) -> Iterator[Row]:
    for number, line in read_lines(path, bad):
        if not line.strip():
            continue
        where = Place(path, number)
        try:
            record = _record(line, where, columns)
        except DataError as error:
            bad(error)
            continue
        yield Row(where, record)


def _record(line: str, where: Place, columns: tuple[str, ...]) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise where.error(f"a JSON object was expected, was {line[:60]!r}") from error
    if not isinstance(record, dict):
        raise where.error(f"a JSON object was expected, was {_shown(record)}")
    _need(list(record), columns, where)
    return record


def _read_parquet(path: Path, columns: tuple[str, ...], _bad: OnBadRow) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError("a Parquet file was expected, it cannot be read as one", path=path) from error
    with file:
        _need(file.schema_arrow.names, columns, Place(path))
        number = 0
        for batch in file.iter_batches():  # other columns may hold labels
            for record in batch.to_pylist():
                number += 1
                yield Row(Place(path, f"row {number}"), record)


def _need(found: list[str], columns: tuple[str, ...], where: Place) -> None:
    repeated = [column for column in columns if found.count(column) > 1]
    if repeated:
        raise where.error(f"each column once was expected, {repeated[0]} is there more often")
    missing = [column for column in columns if column not in found]
    if missing:
        raise where.error(
            f"the columns {', '.join(columns)} were expected, {', '.join(missing)} is missing "
            f"among {', '.join(found[:8]) or 'none'}"
        )


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]
