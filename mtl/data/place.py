"""Rows of data files, where they stand, and what a reader has to say of those that it leaves out."""

import json
import re
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.errors import DataError
from mtl.text import clean

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*")

OnBadRow = Callable[[DataError], None]
"""Takes the error of a row that is then left out."""


def refuse(error: DataError) -> None:
    """A bad row ends the reading."""
    raise error


class UnclosedQuoteError(DataError):
    """A quote that a row of a table opens is never closed; the row is known, so that the others can be kept."""


class ReadLog:
    """What a user should know of files that were read: notes, rows that were rejected, and rows left out by rule.

    Args:
        bad: takes the errors of rows.
    """

    def __init__(self, bad: OnBadRow = refuse) -> None:
        self.bad = bad
        self._notes: dict[str, None] = {}
        self._left_out: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()

    def with_bad(self, bad: OnBadRow) -> "ReadLog":
        """The same log, whose errors of rows go elsewhere."""
        twin = copy(self)
        twin.bad = bad
        return twin

    def note(self, text: str) -> None:
        """Keep a sentence; it is kept once."""
        self._notes[text] = None

    def leave_out(self, reason: str) -> None:
        """Count a row that a file itself says is not to be used."""
        self._left_out[reason] += 1

    def leave_out_of(self, what: str) -> None:
        """Count a row of which a part is not kept."""
        self._parts[what] += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes in their order, then how many rows were left out and why."""
        counted = (
            f"{count} {'row is' if count == 1 else 'rows are'} left out: {why}" for why, count in self._left_out.items()
        )
        parts = (f"of {count} {'row' if count == 1 else 'rows'} {what}" for what, count in self._parts.items())
        return (*self._notes, *counted, *parts)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: a line number from 1, a name such as `row N`, or None for all of the file."""

    path: Path
    line: int | str | None = None

    def error(self, message: str, column: str | None = None) -> DataError:
        """What is wrong there, and in which column."""
        error = DataError(message, path=self.path, line=self.line)
        error.column = column
        return error


@dataclass(frozen=True, slots=True)
class Row:
    """One record and where it stands; `header` is the place of the names of columns where all rows have the same."""

    where: Place
    values: dict[str, Any]
    header: Place | None = None

    def text(self, column: str) -> str:
        """A string that is not blank.

        Raises:
            DataError: the value is missing, blank or no string.
        """
        value = self.values.get(column)
        if not isinstance(value, str):
            raise self.where.error(f"{column} is a string, was {shown(value)}", column)
        if not value.strip():
            raise self.where.error(f"{column} is empty", column)
        return value

    def label(self, column: str) -> str:
        """A string that is not blank, or a whole number or a boolean as one; a list of one counts as that one.

        Raises:
            DataError: the value is anything else.
        """
        value = self.values.get(column)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and (label := value.strip()):
            return clean(label)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            given = f"{len(value)} ({', '.join(value)[:60]})" if value else "none"
            raise self.where.error(f"one {column} was expected, was {given}", column)
        if value is not None and not isinstance(value, str):
            raise self.where.error(f"{column} is a string, a whole number or a boolean, was {shown(value)}", column)
        return clean(Row(self.where, {column: value}).text(column).strip())

    def number(self, column: str) -> float:
        """A finite number; a string may have a decimal comma.

        Raises:
            DataError: the value is no finite number.
        """
        value = self.values.get(column)
        if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
            value = value.replace(",", ".")
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError) as error:
            raise self.where.error(f"{column} is a number, was {shown(value)}", column) from error
        if not abs(number) < float("inf"):
            raise self.where.error(f"{column} is a finite number, was {shown(value)}", column)
        return number


def shown(value: object) -> str:
    """A value in a message."""
    return "nothing" if value is None else repr(value)[:60]


def unpacked(value: object) -> object:
    """A list that a table holds as JSON in a field; anything else as it is."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
