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
    values = {name: value for name, value in row.values.items() if name not in ("tokens", "options", "accept")}
    spans = row.values.get("spans", [])
    if isinstance(spans, list):
        values["spans"] = [
            {key: span[key] for key in ("start", "end", "label", "text") if key in span}
            if isinstance(span, dict)
            else span
            for span in spans
        ]
    if "accept" in row.values:
        values["label"] = row.values["accept"]
    yield Row(row.where, values)


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


PRODIGY = Shape("prodigy", "JSONL of Prodigy; what was rejected or ignored is left out", _matches, _rows, _write)
