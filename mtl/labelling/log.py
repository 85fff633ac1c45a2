"""What people have answered, as files that only grow: one for each person, one line for each action.

A line is written in one piece and is on the disk when `append` returns. People, tabs and processes add to files without
ever changing what is there; each reads from where it stopped before.
"""

import hashlib
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mtl.errors import InputError, StorageError
from mtl.jsonl import append_line, read_records
from mtl.labelling.names import is_readable
from mtl.labelling.pairs import pair_number, pair_of
from mtl.labelling.reasons import Reason
from mtl.labels import TypedSpan

LONGEST_NAME = 40
"""Characters of a person's name."""

Stored = str | tuple[str, ...] | tuple[TypedSpan, ...]
"""An answer whose labels are keys, which stay when a label is renamed."""


class ActionKind(StrEnum):
    """What a person did."""

    ANSWER = "answer"
    SKIP = "skip"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Action:
    """One line: answers for some texts, texts that are skipped, or the last action taken back.

    `at` is in seconds since the epoch; `undoes` is the `id` of the action taken back, None in files of older versions.
    """

    kind: ActionKind
    texts: tuple[int, ...] = ()
    answers: tuple[Stored, ...] = ()
    reason: Reason = Reason.CHOSEN
    at: float = 0.0
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    undoes: str | None = None


@dataclass
class PersonLog:
    """What one person has done and not taken back."""

    name: str
    actions: list[Action] = field(default_factory=list)
    _first: dict[int, float] = field(default_factory=dict)
    _by_text: dict[int, list[Action]] = field(default_factory=dict)

    def add(self, action: Action) -> None:
        """Take in the next line; an undo of an action that is not the last one has no effect."""
        if action.kind is not ActionKind.UNDO:
            self.actions.append(action)
            for text in action.texts:
                self._by_text.setdefault(text, []).append(action)
                self._first.setdefault(text, action.at)
        elif self.actions and action.undoes in (None, self.actions[-1].id):
            undone = self.actions.pop()
            for text in undone.texts:
                self._by_text[text].pop()
                if not self._by_text[text]:
                    del self._by_text[text]

    def last(self, text: int) -> Action | None:
        """What counts for a text."""
        found = self._by_text.get(text)
        return found[-1] if found else None

    def since(self, text: int) -> float | None:
        """When a text was first answered or skipped, in seconds since the epoch, also where that was taken back."""
        return self._first.get(text)

    def answered(self) -> list[int]:
        """Texts whose last action is an answer, in the order in which they first were touched."""
        return [text for text, own in self._by_text.items() if own[-1].kind is ActionKind.ANSWER]

    def skipped(self) -> list[int]:
        """Texts that were skipped last."""
        return [text for text, own in self._by_text.items() if own[-1].kind is ActionKind.SKIP]


class AnswerLog:
    """The answers of all people of a project; `version` changes with every line that is read.

    Args:
        folder: of the files.
        of_pairs: whether numbers are those of pairs, which the files have as `[text, text]`.
    """

    def __init__(self, folder: Path, *, of_pairs: bool = False) -> None:
        self.version = 0
        self.people: dict[str, PersonLog] = {}
        self._of_pairs = of_pairs
        self._folder = folder
        self._read: dict[Path, int] = {}

    def refresh(self) -> None:
        """Read what has been added since the last time; lines that a crash cut off are passed over."""
        for path in sorted(self._folder.glob("*.jsonl")):
            self._read_on(path)

    def append(self, name: str, action: Action) -> None:
        """Write an action of a person, then take it in.

        Raises:
            StorageError: the disk is full or the folder cannot be written; the action does not count.
        """
        path = self._folder / file_name(name)
        line = json.dumps({"by": name, **_record(action, of_pairs=self._of_pairs)}, ensure_ascii=False)
        with _told(path, project=self._folder.parent):
            self._folder.mkdir(exist_ok=True)
            append_line(path, line, durable=True)
        self._read_on(path)

    def _read_on(self, path: Path) -> None:
        begin = self._read.get(path, 0)
        try:
            if path.stat().st_size <= begin:
                return
            with path.open("rb") as file:
                file.seek(begin)
                for line, record in read_records(file):
                    begin += len(line)
                    self._read[path] = begin
                    self._take(record)
        except OSError:  # removed, or not readable just now
            return

    def _take(self, record: Mapping[str, Any] | None) -> None:
        action = None if record is None else _action(record, of_pairs=self._of_pairs)
        if record is None or action is None or not isinstance(record.get("by"), str):
            return
        name = record["by"]
        self.people.setdefault(name, PersonLog(name)).add(action)
        self.version += 1


def checked_name(name: str) -> str:
    """The name of a person, in one of the ways in which Unicode can write it.

    Raises:
        InputError: it is not of 1 to 40 characters on one line.
    """
    found = " ".join(unicodedata.normalize("NFC", name).split()) if isinstance(name, str) else ""
    if len(found) > LONGEST_NAME or not is_readable(found):
        raise InputError(f"A name of 1 to {LONGEST_NAME} characters was expected, was {str(name)[:60]!r}.")
    return found


def file_name(name: str) -> str:
    """A file that no other name has, readable where the name is."""
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32]
    return f"{readable or 'person'}-{hashlib.sha256(name.encode()).hexdigest()[:12]}.jsonl"


def write_line(path: Path, line: str) -> None:
    """Add a line to a file in the folder of a project, for good; a project that was deleted stays so.

    Raises:
        StorageError: the disk is full or the file cannot be written, or the project is gone.
    """
    with _told(path, project=path.parent):
        append_line(path, line, durable=True)


@contextmanager
def _told(path: Path, *, project: Path) -> Iterator[None]:
    """Tell in a sentence why a file of a project, whose folder this is, cannot be written."""
    try:
        yield
    except FileNotFoundError as error:
        raise StorageError("a project was expected, somebody has deleted it", path=project) from error
    except OSError as error:
        raise StorageError(f"room for an answer was expected, it is not kept: {error.strerror}", path=path) from error


def now() -> float:
    """Seconds since the epoch."""
    return round(time.time(), 6)


def _record(action: Action, *, of_pairs: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {"do": str(action.kind), "at": action.at, "id": action.id}
    if action.texts:
        kept["texts"] = [list(pair_of(one)) for one in action.texts] if of_pairs else list(action.texts)
    if action.undoes is not None:
        kept["undoes"] = action.undoes
    if action.kind is not ActionKind.UNDO:
        kept["why"] = str(action.reason)
    if action.kind is ActionKind.ANSWER:
        kept["answers"] = [_stored(answer) for answer in action.answers]
    return kept


def _stored(answer: Stored) -> object:
    if isinstance(answer, str):
        return answer
    return [[one.start, one.end, one.label] if isinstance(one, TypedSpan) else one for one in answer]


def _action(record: Mapping[str, Any], *, of_pairs: bool) -> Action | None:
    """The action of a line, or None for one of another form."""
    try:
        number = _pair if of_pairs else int
        kind, texts = ActionKind(record["do"]), tuple(number(text) for text in record.get("texts", ()))
        answers = tuple(_answer(answer) for answer in record.get("answers", ()))
        reason = Reason(record.get("why", Reason.CHOSEN))
        expected = len(texts) if kind is ActionKind.ANSWER else 0
        if len(answers) != expected or (kind is ActionKind.UNDO) == bool(texts):
            return None
        at = float(record.get("at", 0.0))
        undoes = str(record["undoes"]) if "undoes" in record else None
        return Action(kind, texts, answers, reason, at, str(record.get("id", at)), undoes)
    except (KeyError, TypeError, ValueError, OverflowError):  # infinity is a number in JSON as Python reads it
        return None


def _pair(stored: Any) -> int:  # noqa: ANN401
    first, second = stored
    return pair_number(int(first), int(second))


def _answer(stored: object) -> Stored:
    if isinstance(stored, str):
        return stored
    if not isinstance(stored, list):
        raise TypeError("an answer is a label or a list")
    if all(isinstance(one, str) for one in stored):
        return tuple(stored)
    return tuple(TypedSpan(int(start), int(end), str(label)) for start, end, label in stored)
