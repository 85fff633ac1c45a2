"""Tables whose columns have other names than a task expects: preview, and guessing the columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from demo.inputs.endings import CONLL_FILES
from demo.inputs.text_input import need_columns
from mtl.data import TaggedText
from mtl.data.columns import FURTHER_ROLES, ROLES, SET_ROLES, SPARED_ROLES, USUAL
from mtl.data.columns import guess as likely_columns
from mtl.data.formats import Source, read_records
from mtl.data.label_sets import flag_columns, has_sets
from mtl.data.place import ReadLog
from mtl.data.tagging import read_tagging
from mtl.errors import DataError, InputError
from mtl.recipe import TaskKind

__all__ = [
    "FLAGS",
    "ROLES",
    "SET_ROLES",
    "SPARED_ROLES",
    "TablePreview",
    "first_rows",
    "guess",
    "guess_sets",
    "has_several_labels",
    "roles_of",
    "tagged_rows",
    "text_roles",
]

FLAGS = "a column of 0 and 1 for each label"
_ROWS = 5
_SAMPLE = 200
_MARKED = {"tokens", "tags", "spans", "words"}


@dataclass(frozen=True, slots=True)
class TablePreview:
    """The columns of a file and its first rows as text; `sample` has more rows as they are."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sample: tuple[Mapping[str, object], ...] = ()


def tagged_rows(path: Path, count: int) -> list[TaggedText]:
    """The first sentences of a tagging file; rows that are wrong are reported when the file is added.

    Raises:
        DataError: no format reads the file, or every row is wrong.
    """
    wrong: list[DataError] = []
    sentences = list(islice(read_tagging(Source(path, TaskKind.TAGGING), {}, ReadLog(wrong.append)), count))
    if wrong and not sentences:
        raise wrong[0]
    return sentences


def first_rows(path: Path, kind: TaskKind | None = TaskKind.CLASSIFICATION) -> TablePreview:
    """Read the columns and first rows of a table; rows that are wrong are reported when the file is added.

    Args:
        path: the file.
        kind: of task that wants its rows, None where only texts are wanted.

    Raises:
        DataError: no format reads the file, there is no row, or there are too many columns.
    """
    wrong: list[DataError] = []
    source = Source(path, kind)
    records = [row.values for row in islice(read_records(source, ReadLog(wrong.append)), _SAMPLE)]
    if not records:
        expected = "at least one row below the header was expected, there is none"
        raise wrong[0] if wrong else DataError(expected, path=path, line=1)
    columns = tuple(dict.fromkeys(str(name) for record in records[:_ROWS] for name in record))
    need_columns(columns, path)
    shown = (tuple(_shown(record.get(name)) for name in columns) for record in records[:_ROWS])
    return TablePreview(columns, tuple(shown), tuple(records))


def roles_of(kind: TaskKind) -> tuple[str, ...]:
    """What columns of a table of a kind of task can be."""
    return (*ROLES[kind], *FURTHER_ROLES[kind])


def guess(kind: TaskKind, table: TablePreview) -> dict[str, str]:
    """The likely column of each role, else the unused column whose values come again most often, else the first one.

    A table of pairs may do without a score: only a column of numbers is one. It may do without a negative too.
    """
    found = likely_columns(roles_of(kind), table.columns, table.sample)
    for role in ROLES[kind]:
        free = [name for name in table.columns if name not in found.values()]
        if role not in found and role not in SPARED_ROLES and free:
            found[role] = min(free, key=lambda name: _distinct(table, name)) if role == "label" else free[0]
    free = [name for name in table.columns if name not in found.values() and _is_numeric(table, name)]
    if kind is TaskKind.SIMILARITY and free and not found.keys() & set(SPARED_ROLES):
        found["score"] = min(free, key=lambda name: _distinct(table, name))
    return found


def text_roles(path: Path, roles: Sequence[str] = ("text", "label")) -> tuple[list[str], dict[str, str]]:
    """The columns of a file that may be those of a text and its label, and the likely ones.

    There is nothing to choose in lines of text, in files of tokens or spans, and where there is one column.
    """
    if path.suffix.lower() in (".txt", *CONLL_FILES):
        return [], {}
    try:
        table = first_rows(path, kind=None)
    except (DataError, InputError):  # reading the texts says what is wrong
        return [], {}
    names = list(table.columns)
    if len(names) < 2 or _MARKED & set(names):
        return [], {}
    found = likely_columns(roles, names, table.sample)
    if "label" in roles and "label" not in names and "group" in names:
        found["label"] = "group"
    elif "label" in roles and "label" not in found and has_several_labels(table):
        found["label"] = guess_sets(table).get("labels", FLAGS)
    return names, found


def _distinct(table: TablePreview, name: str) -> int:
    """How many different values the sample has in a column; one that never changes is as good as none."""
    count = len({str(row.get(name)) for row in table.sample})
    return count if count > 1 else len(table.sample) + 1


def _is_numeric(table: TablePreview, name: str) -> bool:
    values = [str(row.get(name)).replace(",", ".", 1) for row in table.sample]
    try:
        return bool([float(value) for value in values])
    except ValueError:
        return False


def guess_sets(table: TablePreview) -> dict[str, str]:
    """Guess the columns of a multi-label task: the text, and the labels if they are in one column."""
    found = guess(TaskKind.CLASSIFICATION, table)
    found.pop("label", None)
    free = [name for name in table.columns if name not in found.values()]
    lower = {name.strip().lower(): name for name in reversed(free)}
    usual = [lower[name] for name in USUAL["labels"] if name in lower]
    column = next(iter([*_set_columns(table, free), *usual]), None)
    return {**found, "labels": column} if column is not None else found


def has_several_labels(table: TablePreview) -> bool:
    """Whether a table seems to be that of a multi-label task."""
    text = guess(TaskKind.CLASSIFICATION, table).get("text", "")
    free = [name for name in table.columns if name != text]
    if _set_columns(table, free):
        return True
    if any(name.strip().lower() in USUAL["label"] for name in free):
        return False
    return len(flag_columns(table.sample, (text,))) > 1


def _set_columns(table: TablePreview, names: Sequence[str]) -> list[str]:
    return [name for name in names if has_sets([row.get(name) for row in table.sample])]


def _shown(value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return "" if value is None else str(value)
