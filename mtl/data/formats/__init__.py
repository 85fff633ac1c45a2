"""Every format that is read: kinds of files, and what the records of annotation tools look like in them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final

from mtl.data.formats.argilla import ARGILLA
from mtl.data.formats.conll import CONLL, CONLL_SUFFIXES, has_tags
from mtl.data.formats.delimited import TABLE, distinct
from mtl.data.formats.docbin import SPACY
from mtl.data.formats.doccano import DOCCANO
from mtl.data.formats.excel import EXCEL
from mtl.data.formats.gliner import GLINER
from mtl.data.formats.huggingface import HUGGING_FACE
from mtl.data.formats.interface import Format, ReadOptions, RowReader, Shape, Source, Writer
from mtl.data.formats.json_records import JSON, JSONL, OPENS
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
_WEBANNO = "#FORMAT=WebAnno TSV"
_LACKING: Final = object()
_MARKS = ("label", "labels")  # what records may lack where only texts are wanted
_WRONG_TYPES = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # values of other types than the tool's
_ENDINGS = (".txt", *TABLE_SUFFIXES)


def names() -> tuple[str, ...]:
    """What `format` may be."""
    return (*(one.name for one in FORMATS), *(one.name for one in SHAPES))


def read_records(source: Source, log: ReadLog) -> Iterator[Row]:
    """The records of a file, with the columns of our own forms where they are those of an annotation tool.

    Where only texts are wanted, records that a tool has not annotated or that were rejected in it are there too.

    Raises:
        DataError: no format reads the file, or the file is not as its format says.
    """
    rows = source.rows() if source.rows else format_of(source).read(source, log)
    chosen = _chosen(source)
    first = list(islice(rows, _PEEKED))
    shape = _shape_of([with_roles(row, chosen, may_lack=chosen) for row in first], source, log)
    if shape is None:
        yield from _in_roles(chain(first, rows), source, log)
        return
    values = [row.values for row in first]
    if source.options.format == shape.name:
        _need_fit(shape, values, source)
    yield from _in_shape(chain(first, rows), _Reading(shape, source, chosen, values), log)


def _chosen(source: Source) -> dict[str, str | int]:
    return {role: column for role, column in source.options.columns.items() if role not in ("token", "tag")}


def _need_fit(shape: Shape, first: Sequence[Mapping[str, Any]], source: Source) -> None:
    """Refuse a named format of which the file has no record.

    Raises:
        DataError: it has none, with what it seems to be instead.
    """
    try:
        texts = map(shape.bare(first), first)
        fits = any(map(shape.matches, first)) or any(isinstance(t.get("text"), str) or t.get("tokens") for t in texts)
    except _WRONG_TYPES:
        fits = False
    other = next((one for one in SHAPES if any(map(one.matches, first))), None)
    matches = any(map(shape.matches, first))
    if first and (not fits or (not matches and (shape.is_strict or other is not None))):
        columns = ", ".join(dict.fromkeys(name for record in first for name in record))[:80]
        came = other.about if other is not None else f"records with {columns}"
        raise DataError(f"{shape.about} were expected (format {shape.name}), was {came}", path=source.path)


def format_of(source: Source) -> Format:
    """The named format, or the first one that knows the file by its content.

    Raises:
        DataError: there is none.
    """
    named = source.options.format
    if source.text.startswith(_WEBANNO):
        raise DataError("CoNLL was expected, this is WebAnno TSV; export CoNLL 2003 from INCEpTION", path=source.path)
    by_name = {one.name: one for one in FORMATS}
    if named in by_name:
        came = next((one for one in (PARQUET, EXCEL, SPACY, JSONL, JSON) if _begins_as(source, one)), None)
        if came is not None and by_name[named] in (CONLL, PLAIN, TABLE):
            expected = f"{by_name[named].about} was expected (format {named})"
            raise DataError(f"{expected}, was {came.about}", path=source.path)
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
    if named is None and found is TABLE and source.kind is not None and _is_conll_for_nothing(source):
        wanted = ", ".join(source.wanted) or "tokens and tags"
        raise DataError(
            f"a table with {wanted} was expected, these are tokens with tags (CoNLL), which a tagging task reads",
            path=source.path,
        )
    return found


def _begins_as(source: Source, form: Format) -> bool:
    """Whether a file begins as only files of this format do."""
    return form.detect(source) and (form not in (JSONL, JSON) or bool(OPENS.match(source.text)))


def _is_conll_for_nothing(source: Source) -> bool:
    """Whether a file for another task has tokens with tags, and no header with one of the columns that are wanted."""
    first = next((line for line in source.lines if line.strip()), "").lower()
    columns = {*source.wanted, *map(str, source.options.columns.values())}
    return not any(column.lower() in first for column in columns) and has_tags(source)


def _is_tagging_table(source: Source) -> bool:
    """Whether the header of a table names the columns of a tagging task, or its ending says that it is one."""
    first = next((line for line in source.lines if line.strip()), "").lower()
    header = set(first.replace('"', "").replace(";", ",").replace("\t", ",").replace("|", ",").split(","))
    is_named = bool(header >= {"tokens", "tags"} or header >= {"text", "spans"})
    return is_named or (source.suffix == ".csv" and not has_tags(source))


def with_roles(row: Row, chosen: Mapping[str, str | int], *, may_lack: Collection[str] = ()) -> Row:
    """A record whose chosen columns are called by their role; another column of that name makes way.

    Raises:
        DataError: the column of a role is missing that the record may not lack.
    """
    values = {role: _value(row, column, may_lack=role in may_lack) for role, column in chosen.items()}
    found = {role: value for role, value in values.items() if value is not _LACKING}
    hidden = [name for name in found if name in row.values and chosen[name] != name]
    fresh = distinct([*row.values, *(f"{name} (not used)" for name in hidden)])[len(row.values) :]
    renamed = dict(zip(hidden, fresh, strict=True))
    others = {renamed.get(name, name): value for name, value in row.values.items()}
    return Row(row.where, others | found, row.header)


def _value(row: Row, column: str | int, *, may_lack: bool) -> object:
    if isinstance(column, str) and column in row.values:
        return row.values[column]
    number = int(column) if isinstance(column, int) or column.isdecimal() else 0
    if 0 < number <= len(row.values):
        return list(row.values.values())[number - 1]
    if may_lack:
        return _LACKING
    where = row.header or row.where
    raise where.error(f"the column {column} was expected, is missing among {', '.join(list(row.values)[:8])}")


def _in_roles(rows: Iterator[Row], source: Source, log: ReadLog) -> Iterator[Row]:
    chosen = _chosen(source)
    may_lack = _MARKS if source.kind is None else ()
    is_first = True
    for row in rows:
        try:
            renamed = with_roles(row, chosen, may_lack=may_lack) if chosen else row
        except DataError as error:
            if is_first or row.header:
                raise
            log.bad(error)
            continue
        is_first = False
        yield renamed


def _shape_of(first: Sequence[Row], source: Source, log: ReadLog) -> Shape | None:
    named = next((one for one in SHAPES if one.name == source.options.format), None)
    if named is not None:
        return named
    shape = next((one for one in SHAPES if any(one.matches(row.values) for row in first)), None)
    if shape is not None:
        log.note(f"{source.path.name}: read as {shape.about}")
    return shape


class _Reading:
    """How the records of one tool's file are read, by the first of them."""

    def __init__(
        self, shape: Shape, source: Source, chosen: Mapping[str, str | int], first: Sequence[Mapping[str, Any]]
    ) -> None:
        self.shape = shape
        self.is_for_texts = source.kind is None
        self._chosen = chosen
        self._first = first

    @cached_property
    def _read(self) -> RowReader:
        return self.shape.reader(self._first)

    @cached_property
    def _bare(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        return self.shape.bare(self._first)

    def rows(self, row: Row, log: ReadLog) -> list[Row]:
        """The rows of a record.

        Raises:
            DataError: the record is not as the tool writes it, or lacks a chosen column.
        """
        try:
            found = list(self._read(with_roles(row, self._chosen, may_lack=self._chosen), log))
        except DataError:
            raise
        except _WRONG_TYPES as error:
            message = f"a record as in {self.shape.about} was expected, was {shown(row.values)}"
            raise row.where.error(message) from error
        return [with_roles(one, self._later(row)) for one in found]

    def text_rows(self, row: Row) -> list[Row]:
        """As `rows`, and the record without what is marked in it where there are none."""
        try:
            found = self.rows(row, ReadLog())
        except DataError:
            found = []
        if found:
            return found
        try:
            bare = replace(row, values=self._bare(with_roles(row, self._chosen, may_lack=self._chosen).values))
        except _WRONG_TYPES:
            bare = row
        return [with_roles(bare, self._later(row), may_lack=_MARKS)]

    def _later(self, row: Row) -> dict[str, str | int]:
        """The chosen columns that are none of the record's own, but of what is read from it."""
        return {role: c for role, c in self._chosen.items() if _value(row, c, may_lack=True) is _LACKING}


def _in_shape(rows: Iterator[Row], reading: _Reading, log: ReadLog) -> Iterator[Row]:
    for row in rows:
        try:
            found = reading.text_rows(row) if reading.is_for_texts else reading.rows(row, log)
        except DataError as error:
            log.bad(error)
            continue
        yield from found
