"""Tables as text: fields separated by `,` `;` tab or `|`, quoted or not.

A record that cannot be read is left out alone: the lines that it took in are read again, so that a quote that is never
closed costs its own row and no other.
"""

import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtl.data.encoding import Line, read_all_lines
from mtl.data.examples import Example
from mtl.data.formats.formulas import has_protected_cells, unprotected
from mtl.data.formats.interface import Format, Source
from mtl.data.place import Place, ReadLog, Row, UnclosedQuoteError
from mtl.data.writing import record_of
from mtl.errors import DataError, InputError

_FIELD_LIMIT = 10_000_000
_DELIMITERS = ",;\t|"
_NONE = "\x1f"  # delimiter of a table of one column
_SAMPLE = 200  # records
_NAMES = {".tsv": "TSV"}
_ENDINGS = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The delimiter of a table, and whether fields that begin with a quote are quoted."""

    delimiter: str
    quoted: bool = True


def read_delimited(source: Source, log: ReadLog) -> Iterator[Row]:
    """The rows below the header.

    Raises:
        DataError: the file is empty, or its header cannot be read.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    dialect = dialect_of(source)
    if not dialect.quoted:
        log.note(f"{source.path.name}: quotes are read as characters, since they do not enclose fields")
    records = _records(source, dialect, log)
    top, header = next(records, (source.start, None))
    if header is None:
        wanted = ", ".join(source.wanted) or "the names of the columns"
        raise source.start.error(f"a header with {wanted} was expected, the file is empty")
    names = distinct([name.strip() for name in header])
    is_protected = has_protected_cells(names)
    for where, record in records:
        if len(record) == len(names):
            cells = map(unprotected, record) if is_protected else record
            yield Row(where, dict(zip(names, cells, strict=True)), top)
        else:
            log.bad(
                where.error(
                    f"{len(names)} fields ({', '.join(names)}) were expected, were {len(record)}; "
                    "a text that holds the separator needs quotes"
                )
            )


def dialect_of(source: Source) -> Dialect:
    """How a table is written, by the header and the rows of its beginning."""
    header = next((line for line in source.lines if line.strip()), "")
    wanted = {str(column) for column in (*source.wanted, *source.options.columns.values())}
    by_score = {}
    for delimiter in _DELIMITERS:
        records = _sample(source, delimiter)
        names = [name.strip() for name in records[0]] if records else []
        if len(names) < 2:
            continue
        same = sum(len(record) == len(names) for record in records) / len(records)
        preferred = delimiter == ("\t" if source.suffix == ".tsv" else ",")
        by_score[delimiter] = (len(wanted & set(names)), same > 0.5, len(names), preferred)
    if not by_score:
        return Dialect(_NONE)
    delimiter = max(by_score, key=lambda one: by_score[one])
    return Dialect(delimiter, quoted=header.lstrip().startswith('"') or not _is_literal(source, delimiter))


def _sample(source: Source, delimiter: str) -> list[list[str]]:
    lines = source.lines if len(source.lines) < 3 else source.lines[:-1]
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    records = []
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) == _SAMPLE:
                break
    except csv.Error:
        pass
    return records


def _is_literal(source: Source, delimiter: str) -> bool:
    """Whether quotes are characters: several fields have text after a closing quote, and every line has all fields."""
    lines = [line for line in source.lines[:-1] if line]
    count = lines[0].count(delimiter) if lines else 0
    if any(line.count(delimiter) != count for line in lines) or _is_proper(lines, delimiter, count + 1):
        return False
    wrong = 0
    for line in lines:
        if '"' in line:
            for field in line.split(delimiter):
                if field.startswith('"') and len(field) > 1:
                    inner = field[1:-1] if field.endswith('"') else None
                    if inner is not None and '""' in inner:
                        return False
                    wrong += '"' in field[1:-1]
    return wrong > 1


def _is_proper(lines: Sequence[str], delimiter: str, count: int) -> bool:
    """Whether lines are records as a program writes them that quotes fields."""
    try:
        records = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
        return all(len(record) == count for record in records)
    except csv.Error:
        return False


def _records(source: Source, dialect: Dialect, log: ReadLog) -> Iterator[tuple[Place, list[str]]]:
    """Each record and the line it begins in; blank lines are none."""
    lines = _Lines(source.path, log)
    quoted = csv.reader(lines, delimiter=dialect.delimiter, strict=True)
    bare = csv.reader(lines, delimiter=dialect.delimiter, strict=True, quoting=csv.QUOTE_NONE)
    reader = quoted if dialect.quoted else bare
    fields = None
    while True:
        lines.begin()
        try:
            record = next(reader, None)
        except csv.Error as error:
            first = lines.taken[0]
            problem = _problem(source, Place(source.path, first.number), error, first.text)
            if fields is None:
                raise problem from error
            problem.__cause__ = error
            log.bad(first.problem or problem)
            lines.again(1)
            continue
        if record is None:
            return
        first = lines.taken[0]
        where = Place(source.path, first.number)
        count = len(record) if fields is None else fields
        if len(lines.taken) > 1 and len(record) != count == first.text.count(dialect.delimiter) + 1:
            log.bad(first.problem or _unclosed(source, where))  # by itself the line is a row, with others it is none
            lines.again(1)
            continue
        if lines.problem is not None:
            log.bad(lines.problem)
            continue
        if not record or (fields is None and not any(map(str.strip, record))):
            continue
        fields = count
        yield where, record


def _problem(source: Source, where: Place, error: csv.Error, line: str) -> DataError:
    if "field larger" in str(error) and not line.count('"') % 2:
        return where.error(f"a field of at most {_FIELD_LIMIT:,} characters was expected, was a longer one")
    if "unexpected end" in str(error) or line.count('"') % 2:
        return _unclosed(source, where)
    return where.error(f"valid {_NAMES.get(source.suffix, 'CSV')} was expected: {error}")


def _unclosed(source: Source, where: Place) -> UnclosedQuoteError:
    message = f"valid {_NAMES.get(source.suffix, 'CSV')} was expected: a quote is opened and never closed"
    return UnclosedQuoteError(message, path=where.path, line=where.line)


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number where one is there more often: no column hides another."""
    taken, result = set(names), []
    used: set[str] = set()
    for name in names:
        number, fresh = 1, name
        while fresh in used or (number > 1 and fresh in taken):
            number += 1
            fresh = f"{name} ({number})"
        used.add(fresh)
        result.append(fresh)
    return result


class _Lines:
    """Lines for a CSV reader that takes several for one record; those that it took can be given to it again.

    A line that cannot be read is given as what stands there about, so that its quotes count and only its record is bad.
    """

    def __init__(self, path: Path, log: ReadLog) -> None:
        self._lines = read_all_lines(path, log)
        self._waiting: deque[Line] = deque()
        self.taken: list[Line] = []

    @property
    def problem(self) -> DataError | None:
        """What is wrong with a line of the record."""
        return next((line.problem for line in self.taken if line.problem is not None), None)

    def begin(self) -> None:
        """A record begins with the next line."""
        self.taken = []

    def again(self, first: int) -> None:
        """Give those from `first` on once more."""
        self._waiting.extendleft(reversed(self.taken[first:]))

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.taken.append(line)
        return line.text if line.text.endswith(("\n", "\r")) else line.text + "\n"


def _is_table(source: Source) -> bool:
    """Any text for a task; without one, by its ending or where its header has several fields with the wanted ones."""
    if b"\0" in source.head and source.suffix not in _ENDINGS and "\0" in source.text:
        return False
    if source.kind is not None or source.suffix in _ENDINGS:
        return True
    delimiter = dialect_of(source).delimiter
    records = _sample(source, delimiter)
    names = {name.strip().lower() for name in records[0]} if records else set()
    return bool(names & {*source.wanted, *map(str, source.options.columns.values())})


def write_delimited(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """A table with tabs for `.tsv`, else with commas; lists are JSON in a field, and every text stays as it is.

    Raises:
        InputError: a text has a NUL character.
    """
    records = [record_of(example) for example in examples]
    columns = list(dict.fromkeys(name for record in records for name in record))
    rows = [[_cell(record.get(name, "")) for name in columns] for record in records]
    texts = [value for row in rows for value in row if isinstance(value, str)]
    if any("\0" in text for text in texts):
        raise InputError("no NUL characters were expected, a table holds none", path=path)
    quoting = csv.QUOTE_ALL if any("\r" in text for text in texts) else csv.QUOTE_MINIMAL
    with path.open("w", encoding="utf-8", newline="") as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
        writer.writerow(columns)
        writer.writerows(rows)


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


TABLE = Format("table", "fields separated by , ; tab or |, with a header", _is_table, read_delimited, write_delimited)
