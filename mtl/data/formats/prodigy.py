"""Prodigy: `text` with `spans`, `label` or `accept`, and the `answer` that says whether it is to be used."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, LabelledText, MultiLabelText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import labelled, spans_with_note, write_lines
from mtl.data.place import ReadLog, Row


def _matches(record: Mapping[str, object]) -> bool:
    return "text" in record and ("_task_hash" in record or record.get("answer") in ("accept", "reject", "ignore"))


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    answer = row.values.get("answer", "accept")
    if answer != "accept":
        log.leave_out(f"its answer in Prodigy is {answer}")
        return
    if row.values.get("relations"):
        log.note("relations between entities are not read")
    values = _bare(row.values)
    classes = row.values.get("accept", row.values.get("label"))
    spans = row.values.get("spans", [] if classes is None else None)
    if isinstance(spans, list):
        spans = [
            {key: span[key] for key in ("start", "end", "label", "text") if key in span}
            if isinstance(span, dict)
            else span
            for span in spans
        ]
    marks = {"spans": spans, "label": classes}
    yield Row(row.where, values | {name: value for name, value in marks.items() if value is not None})


def _bare(values: Mapping[str, Any]) -> dict[str, Any]:
    dropped = ("tokens", "options", "accept", "spans", "relations", "label")
    return {name: value for name, value in values.items() if name not in dropped}


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    records: list[dict[str, Any]] = []
    for example in labelled(examples, "Prodigy"):
        if isinstance(example, LabelledText):
            found: dict[str, Any] = {"label": example.label}
        elif isinstance(example, MultiLabelText):
            found = {"accept": list(example.labels)}
        else:
            text, words = example.text, example.worded.words
            tokens = [
                {
                    "text": text[w.start : w.end],
                    "start": w.start,
                    "end": w.end,
                    "id": i,
                    "ws": text[w.end : w.end + 1] == " ",
                }
                for i, w in enumerate(words)
            ]
            found = {"tokens": tokens, "spans": spans_with_note(example, log)}
        records.append({"text": example.text, **found, "answer": "accept"})
    write_lines(path, records)


PRODIGY = Shape(
    "prodigy",
    "JSONL of Prodigy",
    _matches,
    lambda _: _rows,
    lambda _: _bare,
    _write,
)
