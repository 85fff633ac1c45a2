"""The set of labels of each row of a table: a list, a text split by `|`, or a column of 0 and 1 for each label."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from mtl.data.formats import ReadOptions, Source, read_records
from mtl.data.place import ReadLog, Row, unpacked
from mtl.errors import DataError
from mtl.labels import stable_order
from mtl.recipe.choices import TaskKind
from mtl.text import clean

_DEFAULT = ReadOptions()
SEPARATOR = "|"
LIST_COLUMNS = ("labels", "label")
"""Columns that hold a row's whole set; the first that a table has counts."""
_LOOKED_AT = 200  # rows
_LONGEST = 60  # characters of a label
_NO, _YES = ("0", "0.0", "false"), ("1", "1.0", "true")


def with_label_sets(
    rows: Iterable[Row], path: Path, *, text_columns: Collection[str] = ("text",)
) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Each row with its labels, distinct and in stable order; a row may have none.

    Args:
        rows: of one table, gone through more than once.
        path: of it.
        text_columns: those that hold no labels.

    Raises:
        DataError: the table has no labels in any of the three forms, or a row's value is none.
    """
    column = next((name for name in LIST_COLUMNS if any(name in row.values for row in rows)), None)
    if column is not None:
        for row in rows:
            yield row, label_list(row, column)
        return
    columns = flag_columns((row.values for row in rows), text_columns)
    first = next(iter(rows), None)
    if first is not None and not columns:
        raise DataError(
            f"a column {' or '.join(LIST_COLUMNS)}, or a column of 0 and 1 for each label, was expected beside "
            f"{', '.join(text_columns)}; were {', '.join(list(first.values)[:8])}",
            path=path,
        )
    for row in rows:
        yield row, stable_order(clean(name.strip()) for name in columns if _flag(row, name))


def has_label_sets(path: Path, *, text_columns: Collection[str] = ("text",), options: ReadOptions = _DEFAULT) -> bool:
    """Whether the first rows of a table have sets of labels: lists, texts with `|`, or several columns of 0 and 1.

    A file that cannot be read has none.
    """
    try:
        source = Source(path, TaskKind.CLASSIFICATION, options=options)
        rows = [row.values for row in islice(read_records(source, ReadLog(lambda _: None)), _LOOKED_AT)]
    except DataError:
        return False
    for column in LIST_COLUMNS:
        values = [row[column] for row in rows if column in row]
        if values:
            return has_sets(values)
    return len(flag_columns(rows, text_columns)) > 1


def has_sets(values: Sequence[object]) -> bool:
    """Whether the values of a column seem to be sets of labels.

    Such are lists of strings or numbers, and short texts with `|` between labels that come again.
    """
    values = [unpacked(value) for value in values]
    lists = [value for value in values if isinstance(value, list | tuple)]
    if lists:
        return all(isinstance(label, str | int) for own in lists for label in own)
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    labels = [label.strip() for text in texts for label in text.split(SEPARATOR)]
    if len(labels) == len(texts) or not all(labels) or max(map(len, labels)) > _LONGEST:
        return False
    return 3 * len(set(labels)) <= 2 * len(labels)


def label_list(row: Row, column: str) -> tuple[str, ...]:
    """The labels in one value of a row: a list of strings or whole numbers, or a text split by `|`.

    Raises:
        DataError: the value is anything else, or a label is blank.
    """
    if column not in row.values:
        raise row.where.error(f"{column} was expected, is missing among {', '.join(list(row.values)[:8])}", column)
    value = unpacked(row.values[column])
    if isinstance(value, str):
        given: list[object] = [*value.split(SEPARATOR)] if value.strip() else []
    elif isinstance(value, int) and not isinstance(value, bool):
        given = [value]
    elif isinstance(value, (list, tuple)):
        given = list(value)
    else:
        shown = "nothing" if value is None else repr(value)[:60]
        raise row.where.error(f"{column} is a list of labels, or a text with {SEPARATOR} between them, was {shown}")
    return stable_order(Row(row.where, {column: label}).label(column) for label in given)


def flag_columns(rows: Iterable[Mapping[str, object]], text_columns: Collection[str]) -> tuple[str, ...]:
    """The columns that hold 0 or 1 in at least half of the rows; in these, any other value is a mistake."""
    count = 0
    flags: Counter[str] = Counter()
    for row in rows:
        count += 1
        flags.update({name: _is_flag(value) for name, value in row.items() if name not in text_columns})
    return tuple(name for name, found in flags.items() if 2 * found >= max(1, count))


def _is_flag(value: object) -> bool:
    return str(value).strip().lower() in (*_NO, *_YES)


def _flag(row: Row, column: str) -> bool:
    value = row.values.get(column)
    if not _is_flag(value):
        raise row.where.error(f"{column} is 0 or 1 as in most rows, was {repr(value)[:60]}")
    return str(value).strip().lower() in _YES
