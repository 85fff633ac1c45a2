"""Visitors' corrections, stored below `$MTL_HOME` as training examples, one file per task. No gradio, no torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from demo.settings import Settings
from mtl.data import Example, LabelledText, MultiLabelText, record_of
from mtl.data.examples import tagged
from mtl.errors import InputError
from mtl.jsonl import append_line, read_records
from mtl.labelling import checking
from mtl.labels import TypedSpan
from mtl.recipe import TaskKind
from mtl.runs import home

_lock = Lock()


@dataclass(frozen=True, slots=True)
class Correction:
    """A text and its gold annotation: a label, a set of labels, or spans as offsets in the text."""

    text: str
    label: str | None = None
    spans: tuple[TypedSpan, ...] = ()
    labels: tuple[str, ...] | None = None

    def example(self) -> Example:
        """The correction as a training example."""
        if self.label is not None:
            return LabelledText(self.text, self.label)
        if self.labels is not None:
            return MultiLabelText(self.text, self.labels)
        return tagged(self.text, self.spans)


class Corrections:
    """The corrections of one visitor; on a page without owners, those of all visitors.

    A file only grows: a later line about the same text replaces an earlier one, and `forget` adds a line too,
    so that no input is lost.
    """

    def __init__(self, owner: str, settings: Settings) -> None:
        self._is_nobodys = settings.private_runs and not owner
        name = hashlib.sha256(owner.encode("utf-8", errors="replace")).hexdigest()[:32]
        self._folder = home() / "corrections" / (name if settings.private_runs else "all")

    def keep(self, task: str, correction: Correction) -> None:
        """Add a correction of a task."""
        self._append(task, record_of(correction.example()))

    def forget(self, task: str, text: str) -> None:
        """Delete the correction of a text."""
        self._append(task, {"text": text, "forgotten": True})

    def of(self, task: str) -> tuple[Correction, ...]:
        """The current corrections of a task, in the order in which the texts were first corrected."""
        kept: dict[str, Correction | None] = {}
        for row in self._rows(task):
            kept[row["text"]] = None if row.get("forgotten") else _correction(row)
        return tuple(correction for correction in kept.values() if correction is not None)

    def file(self, task: str) -> Path:
        """The file of a task's corrections."""
        return self._folder / f"{task}.jsonl"

    def _append(self, task: str, row: Mapping[str, Any]) -> None:
        if self._is_nobodys:
            raise InputError("A browser that keeps cookies was expected: without one, a correction would be nobody's.")
        with _lock:
            path = self.file(task)
            path.parent.mkdir(parents=True, exist_ok=True)
            append_line(path, json.dumps(row, ensure_ascii=False), durable=True)

    def _rows(self, task: str) -> list[dict[str, Any]]:
        path = self.file(task)
        if self._is_nobodys or not path.is_file():
            return []
        with path.open("rb") as file:  # skip a line that a crash cut off
            return [record for _, record in read_records(file) if record is not None]


def checked(text: str, kind: TaskKind, labels: Sequence[str], answer: str | Sequence[TypedSpan]) -> Correction:
    """A correction that the head can learn; errors as `mtl.labelling.checking`."""
    if kind is TaskKind.CLASSIFICATION:
        return Correction(text, label=checking.checked_class(labels, answer))
    return Correction(text, spans=checking.checked_spans(text, labels, answer))


def checked_set(text: str, labels: Sequence[str], answer: object) -> Correction:
    """A correction to a set of labels that a multi-label head can learn; errors as `checked`."""
    return Correction(text, labels=checking.checked_set(labels, answer))


def _correction(row: Mapping[str, Any]) -> Correction:
    spans = tuple(TypedSpan(span["start"], span["end"], span["label"]) for span in row.get("spans", ()))
    labels = row.get("labels")
    return Correction(row["text"], row.get("label"), spans, None if labels is None else tuple(labels))
