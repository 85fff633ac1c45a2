"""Tables whose columns have other names than a task expects: preview, guessing the columns, and renaming them."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mtl.data.label_sets import flag_columns, has_sets
from mtl.data.tables import read_lines, read_rows
from mtl.errors import DataError
from mtl.recipe import TaskKind

ROLES: Mapping[TaskKind, tuple[str, ...]] = {
    TaskKind.CLASSIFICATION: ("text", "label"),
    TaskKind.TAGGING: (),
    TaskKind.SIMILARITY: ("sentence1", "sentence2", "score"),
}
"""The columns that a table needs for each kind of task; a tagging file has a fixed format."""
SET_ROLES = ("text", "labels")
"""The columns of a multi-label task; without the second one, each label has a column of 0 and 1."""
_USUAL = {
    "text": ("text", "sentence", "content", "review", "utterance", "comment", "message", "body", "question", "title"),
    "label": ("label", "class", "category", "intent", "topic", "sentiment", "target", "y"),
    "labels": ("labels", "label", "tags", "classes", "categories", "topics"),
    "sentence1": ("sentence1", "sentence_a", "text1", "first", "premise", "query", "question1"),
    "sentence2": ("sentence2", "sentence_b", "text2", "second", "hypothesis", "answer", "question2"),
    "score": ("score", "similarity", "similarity_score", "label", "rating"),
}
_ROWS = 5
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class TablePreview:
    """The columns of a file and its first rows as text; `sample` has more rows as they are."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sample: tuple[Mapping[str, object], ...] = ()


def first_rows(path: Path) -> TablePreview:
    """Read the columns and first rows of a table.

    Raises:
        DataError: the content does not match the file extension, or there is no row.
    """
    if path.suffix.lower() == ".parquet":
        columns = _parquet_columns(path)
        records = [row.values for row in islice(read_rows(path, columns), _ROWS)]
    else:
        records = [row.values for row in islice(read_rows(path, ()), _ROWS)]
        columns = tuple(dict.fromkeys(str(name) for record in records for name in record))
    if not records:
        raise DataError("at least one row below the header was expected, there is none", path=path, line=1)
    shown = (tuple(_shown(record.get(name)) for name in columns) for record in records)
    sample = islice(read_rows(path, (), lambda _: None), _SAMPLE)  # a wrong row is reported when the task is added
    return TablePreview(columns, tuple(shown), tuple(row.values for row in sample))


def guess(kind: TaskKind, columns: Sequence[str]) -> dict[str, str]:
    """Guess the column of each role: a column with a usual name, else the first unused column."""
    found: dict[str, str] = {}
    lower = {name.strip().lower(): name for name in reversed(columns)}
    for role in ROLES[kind]:
        usual = [lower[name] for name in _USUAL[role] if name in lower]
        free = [name for name in (*usual, *columns) if name not in found.values()]
        if free:
            found[role] = free[0]
    return found


def guess_sets(table: TablePreview) -> dict[str, str]:
    """Guess the columns of a multi-label task: the text, and the labels if they are in one column."""
    found = guess(TaskKind.CLASSIFICATION, table.columns)
    found.pop("label", None)
    free = [name for name in table.columns if name not in found.values()]
    lower = {name.strip().lower(): name for name in reversed(free)}
    usual = [lower[name] for name in _USUAL["labels"] if name in lower]
    column = next(iter([*_set_columns(table, free), *usual]), None)
    return {**found, "labels": column} if column is not None else found


def has_several_labels(table: TablePreview) -> bool:
    """Whether a table seems to be that of a multi-label task."""
    text = guess(TaskKind.CLASSIFICATION, table.columns).get("text", "")
    free = [name for name in table.columns if name != text]
    if _set_columns(table, free):
        return True
    if any(name.strip().lower() in _USUAL["label"] for name in free):
        return False
    return len(flag_columns(table.sample, (text,))) > 1


def _set_columns(table: TablePreview, names: Sequence[str]) -> list[str]:
    return [name for name in names if has_sets([row.get(name) for row in table.sample])]


def rename(path: Path, mapping: Mapping[str, str]) -> None:
    """Rename the columns of a file to their roles, in place; line numbers do not change.

    Args:
        path: a table.
        mapping: role to column; a missing column is reported later by the reader.

    Raises:
        DataError: two roles have the same column, or the content does not match the file extension.
    """
    taken = [column for column in mapping.values() if column]
    if len(set(taken)) < len(taken):
        raise DataError(f"a different column was expected for each of {', '.join(mapping)}", path=path)
    names = {column: role for role, column in mapping.items() if column and column != role}
    if not names:
        return
    names |= {role: f"{role} (not used)" for role in mapping if role not in taken}
    target = path.with_suffix(f".renamed{path.suffix}")
    match path.suffix.lower():
        case ".jsonl":
            target.write_text("".join(_renamed_lines(path, names)), encoding="utf-8")
        case ".parquet":
            _rename_parquet(path, target, names)
        case _:
            _rename_csv(path, target, names)
    target.replace(path)


def _renamed_lines(path: Path, names: Mapping[str, str]) -> Iterator[str]:
    for _, line in read_lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None  # the reader of the task reports the error with its line
        if isinstance(record, dict):
            line = json.dumps({names.get(key, key): value for key, value in record.items()}, ensure_ascii=False)
        yield line + "\n"


def _rename_csv(path: Path, target: Path, names: Mapping[str, str]) -> None:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    lines = read_lines(path)
    reader = csv.reader((line + "\n" for _, line in lines), delimiter=delimiter)
    header = next((record for record in reader if record), [])
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write("\n" * (reader.line_num - 1))  # so that the following lines keep their numbers
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerow(
            [names.get(name.strip(), name.strip()) for name in header]
        )
        file.writelines(line + "\n" for _, line in lines)


def _parquet_columns(path: Path) -> tuple[str, ...]:
    import pyarrow
    import pyarrow.parquet

    try:
        return tuple(pyarrow.parquet.read_schema(path).names)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError("a Parquet file was expected, but it cannot be read", path=path) from error


def _rename_parquet(path: Path, target: Path, names: Mapping[str, str]) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError("a Parquet file was expected, but it cannot be read", path=path) from error
    pyarrow.parquet.write_table(table.rename_columns([names.get(n, n) for n in table.column_names]), target)


def _shown(value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return "" if value is None else str(value)
