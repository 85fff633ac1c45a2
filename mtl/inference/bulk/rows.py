"""Rows of an output: a text, where it comes from, and the columns of the input that are kept."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtl.data.formats.delimited import distinct
from mtl.data.texts import TextRow
from mtl.text import clean

KEEP_ALL = "all"
"""In place of names of columns."""
TEXT = "text"
_OWN = (
    *("row", "line", TEXT, "has_text", "embedding", "classes", "labels", "entities", "tokens", "cut_at", "windows"),
    "outside",
)


@dataclass(frozen=True, slots=True)
class OutputRow:
    """`text` is None where the input has none; `line` is a line number, or a name such as `row N`.

    `kept` are columns of the input under their names in the output.
    """

    text: str | None
    line: int | str | None
    kept: Mapping[str, object]

    def source(self) -> dict[str, object]:
        """What a record begins with: the line and the kept columns."""
        return {"line": self.line, **self.kept}

    def flat(self) -> dict[str, str | None]:
        """As `source`, in strings; what is none is written as JSON."""
        return {name: _string(value) for name, value in self.source().items()}


def output_row(row: TextRow, columns: Mapping[str, str]) -> OutputRow:
    """The row with these columns of the input under their names in the output; those that it lacks are None."""
    return OutputRow(row.text, row.line, {kept: storable(row.values.get(name)) for name, kept in columns.items()})


def kept_names(columns: Sequence[str]) -> dict[str, str]:
    """The name in the output of each column that is kept: no two are the same, and none is that of a value of ours."""
    fresh = distinct([*_OWN, *(clean(f"{name} (input)" if name in _OWN else name) for name in columns)])
    return dict(zip(columns, fresh[len(_OWN) :], strict=True))


def storable(value: object) -> object:
    """A value as JSON and UTF-8 hold it: lone surrogates are U+FFFD, and numbers that are not finite are strings."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list | tuple) else value


def _string(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
