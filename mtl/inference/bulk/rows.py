"""Rows of an output: a text, where it comes from, and the columns of the input that are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtl.data.texts import TextRow

KEEP_ALL = "all"
"""In place of names of columns."""
TEXT = "text"
_OWN = ("row", "line", TEXT, "has_text", "embedding", "classes", "labels", "entities", "tokens", "cut_at", "windows")


@dataclass(frozen=True, slots=True)
class OutputRow:
    """`text` is None where the input has none; `line` is a line number, or a name such as `row N`."""

    text: str | None
    line: int | str | None
    kept: Mapping[str, object]

    def source(self) -> dict[str, object]:
        """What a record begins with: the line, and the kept columns under names that no value of ours has."""
        return {"line": self.line, **{kept_name(name): value for name, value in self.kept.items()}}

    def flat(self) -> dict[str, str | None]:
        """As `source`, in strings; what is none is written as JSON."""
        return {name: _string(value) for name, value in self.source().items()}


def output_row(row: TextRow, columns: Sequence[str]) -> OutputRow:
    """The row with these columns; those that it lacks are None."""
    return OutputRow(row.text, row.line, {name: row.values.get(name) for name in columns})


def kept_name(name: str) -> str:
    """The name of a kept column in the output."""
    return f"{name} (input)" if name in _OWN else name


def _string(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
