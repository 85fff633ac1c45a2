"""Every format that is read: kinds of files, and what the records of annotation tools look like in them."""

from collections.abc import Iterator
from itertools import chain, islice

from mtl.data.formats.argilla import ARGILLA
from mtl.data.formats.conll import CONLL, CONLL_SUFFIXES
from mtl.data.formats.delimited import TABLE, distinct
from mtl.data.formats.docbin import SPACY
from mtl.data.formats.doccano import DOCCANO
from mtl.data.formats.excel import EXCEL
from mtl.data.formats.gliner import GLINER
from mtl.data.formats.huggingface import HUGGING_FACE
from mtl.data.formats.interface import Format, ReadOptions, Shape, Source, Writer
from mtl.data.formats.json_records import JSON, JSONL
from mtl.data.formats.label_studio import LABEL_STUDIO
from mtl.data.formats.parquet import PARQUET
from mtl.data.formats.plain import PLAIN
from mtl.data.formats.prodigy import PRODIGY
from mtl.data.formats.spacy_json import SPACY_JSON
from mtl.data.place import ReadLog, Row, shown
from mtl.errors import DataError
from mtl.recipe.choices import TaskKind

__all__ = [
    "CONLL",
    "CONLL_SUFFIXES",
    "FORMATS",
    "SHAPES",
    "TABLE_SUFFIXES",
    "Format",
    "ReadOptions",
    "Shape",
    "Source",
    "Writer",
    "names",
    "read_records",
]

FORMATS: tuple[Format, ...] = (PARQUET, EXCEL, SPACY, JSONL, JSON, CONLL, PLAIN, TABLE)
"""Kinds of files in the order in which they are tried."""
SHAPES: tuple[Shape, ...] = (LABEL_STUDIO, PRODIGY, ARGILLA, GLINER, DOCCANO, SPACY_JSON, HUGGING_FACE)
"""Records of annotation tools in the order in which they are tried; a file of none of them has our own columns."""
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Usual endings of tables of texts; the content decides."""
_PEEKED = 200
_ENDINGS = (".txt", *TABLE_SUFFIXES)


def names() -> tuple[str, ...]:
    """What `format` may be."""
    return (*(one.name for one in FORMATS), *(one.name for one in SHAPES))


def read_records(source: Source, log: ReadLog) -> Iterator[Row]:
    """The records of a file, with the columns of our own forms where they are those of an annotation tool.

    Raises:
        DataError: no format reads the file, or the file is not as its format says.
    """
    rows = source.rows() if source.rows else format_of(source).read(source, log)
    chosen = {role: column for role, column in source.options.columns.items() if role not in ("token", "tag")}
    if chosen:
        rows = _with_roles(rows, chosen, log)
    return _with_shape(rows, source, log)


def format_of(source: Source) -> Format:
    """The named format, or the first one that knows the file by its content.

    Raises:
        DataError: there is none.
    """
    named = source.options.format
    by_name = {one.name: one for one in FORMATS}
    if named in by_name:
        return by_name[named]
    if named is not None and named not in names():
        raise DataError(f"a format of {', '.join(names())} was expected, was {named!r}", key="format")
    if named is None and source.kind is TaskKind.TAGGING and _is_tagging_table(source):
        return TABLE
    found = next((one for one in FORMATS if one.detect(source)), None)
    if found is None:
        raise DataError(
            f"a file ending in {', '.join(_ENDINGS)} was expected, was {source.suffix!r}, and its content is none of "
            f"{', '.join(one.name for one in FORMATS)}",
            path=source.path,
        )
    return found


def _is_tagging_table(source: Source) -> bool:
    """Whether the header of a table names the columns of a tagging task, or its ending says that it is one."""
    first = next((line for line in source.lines if line.strip()), "").lower()
    header = set(first.replace('"', "").replace(";", ",").replace("\t", ",").replace("|", ",").split(","))
    return source.suffix == ".csv" or bool(header >= {"tokens", "tags"} or header >= {"text", "spans"})


def _with_roles(rows: Iterator[Row], chosen: dict[str, str | int], log: ReadLog) -> Iterator[Row]:
    """Records whose chosen columns are called by their role; another column of that name makes way."""
    is_first = True
    for row in rows:
        try:
            found = {role: _value(row, column) for role, column in chosen.items()}
        except DataError as error:
            if is_first or row.header:
                raise
            log.bad(error)
            continue
        is_first = False
        hidden = [name for name in found if name in row.values and chosen[name] != name]
        fresh = distinct([*row.values, *(f"{name} (not used)" for name in hidden)])[len(row.values) :]
        renamed = dict(zip(hidden, fresh, strict=True))
        values = {renamed.get(name, name): value for name, value in row.values.items()}
        yield Row(row.where, values | found, row.header)


def _value(row: Row, column: str | int) -> object:
    if isinstance(column, str) and column in row.values:
        return row.values[column]
    number = int(column) if isinstance(column, int) or column.isdecimal() else 0
    if 0 < number <= len(row.values):
        return list(row.values.values())[number - 1]
    where = row.header or row.where
    raise where.error(f"the column {column} was expected, is missing among {', '.join(list(row.values)[:8])}")


def _with_shape(rows: Iterator[Row], source: Source, log: ReadLog) -> Iterator[Row]:
    first = list(islice(rows, _PEEKED))
    named = source.options.format
    shape = next((one for one in SHAPES if one.name == named), None)
    if shape is None and named is None:
        shape = next((one for one in SHAPES if any(one.matches(row.values) for row in first)), None)
        if shape is not None:
            log.note(f"{source.path.name}: read as {shape.about}")
    for row in chain(first, rows):
        if shape is None:
            yield row
            continue
        try:
            yield from shape.rows(row, log)
        except DataError as error:
            log.bad(error)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # values of other types than the tool's
            log.bad(row.where.error(f"a record as in {shape.about} was expected, was {shown(row.values)}"))
