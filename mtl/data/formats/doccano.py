"""doccano: `text` with `label`, a list of classes or of `[start, end, type]`; or with `entities` and `relations`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_lines
from mtl.data.place import ReadLog, Row


def _triples(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_triple(one) for one in value)


def _is_triple(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], int) and isinstance(value[2], str)


def _matches(record: Mapping[str, object]) -> bool:
    if not {"text", "data"} & set(record):
        return False
    entities = record.get("entities")
    objects = isinstance(entities, list) and any(isinstance(e, dict) and "start_offset" in e for e in entities)
    return objects or _triples(record.get("label")) or _triples(record.get("labels"))


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    values = dict(row.values)
    values.setdefault("text", values.get("data"))
    label = values.pop("labels", values.get("label"))
    entities = values.pop("entities", None)
    values.pop("label", None)
    if isinstance(entities, list):
        values["spans"] = [
            {"start": e.get("start_offset"), "end": e.get("end_offset"), "label": e.get("label")}
            if isinstance(e, dict)
            else e
            for e in entities
        ]
        if values.pop("relations", None):
            log.note("relations between entities are not read")
    elif isinstance(label, list) and all(_is_triple(one) for one in label):
        values["spans"] = [{"start": start, "end": end, "label": name} for start, end, name in label]
    if not isinstance(entities, list) and (not label or "spans" not in values):
        values["label"] = label
    yield Row(row.where, values)


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    records = []
    for number, example in enumerate(labelled(examples, "doccano"), start=1):
        label: list[Any] | None = classes_of(example)
        if isinstance(example, TaggedText):
            label = [[s["start"], s["end"], s["label"]] for s in spans_with_note(example, log)]
        records.append({"id": number, "text": example.text, "label": label, "Comments": []})
    write_lines(path, records)


DOCCANO = Shape("doccano", "JSONL of doccano, classes or spans", _matches, _rows, _write)
