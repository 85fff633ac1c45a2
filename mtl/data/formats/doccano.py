"""doccano: `text` with `label`, a list of classes or of `[start, end, type]`; or with `entities` and `relations`.

Early versions have `annotations`, whose labels are numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.annotated import Holds
from mtl.data.formats.interface import RowReader, Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_lines
from mtl.data.place import ReadLog, Row

_Record = Mapping[str, Any]


def _triples(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_triple(one) for one in value)


def _is_triple(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], int) and isinstance(value[2], str)


def _matches(record: Mapping[str, object]) -> bool:
    if not {"text", "data"} & set(record):
        return False
    entities = record.get("entities") or record.get("annotations")
    objects = isinstance(entities, list) and any(
        isinstance(e, dict) and {"start_offset", "user"} & set(e) for e in entities
    )
    return objects or _triples(record.get("label")) or _triples(record.get("labels"))


@dataclass(frozen=True)
class _Project:
    """Whether the first records have spans or classes."""

    holds: Holds

    def rows(self, row: Row, log: ReadLog) -> Iterator[Row]:
        """The record with its spans and classes."""
        values = row.values
        spans, classes = _spans(values), _classes(values)
        if values.get("relations"):
            log.note("relations between entities are not read")
        if any("user" in one for one in _annotations(values)):
            log.note("labels are the numbers that this export of doccano has in place of names; map_labels names them")
            users = {one.get("user") for one in _annotations(values)}
            if len(users) > 1:
                log.note("of texts that several people annotated all annotations are read")
        yield Row(row.where, {**_bare(values), **self.holds.marks(spans, classes)})


def _bare(values: _Record) -> dict[str, Any]:
    named = {"text": values["data"]} if "text" not in values and "data" in values else {}
    dropped = ("label", "labels", "entities", "relations", "annotations", *(["data"] if named else []))
    return {name: value for name, value in values.items() if name not in dropped} | named


def _annotations(values: _Record) -> list[dict[str, Any]]:
    """Those of early versions, whose labels are numbers."""
    given = values.get("annotations")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _spans(values: _Record) -> list[Any] | None:
    """None where the record has classes, or nothing that could be spans."""
    entities, label = values.get("entities"), values.get("labels", values.get("label"))
    if isinstance(entities, list):
        return [_span(one) if isinstance(one, dict) else one for one in entities]
    if "annotations" in values and label is None:
        placed = [one for one in _annotations(values) if "start_offset" in one]
        return [_span(one) for one in placed] if placed or not _annotations(values) else None
    if isinstance(label, list) and all(_is_triple(one) for one in label):
        return [{"start": start, "end": end, "label": name} for start, end, name in label]
    return None


def _span(entity: _Record) -> dict[str, Any]:
    label = entity.get("label")
    name = str(label) if isinstance(label, int) else label
    return {"start": entity.get("start_offset"), "end": entity.get("end_offset"), "label": name}


def _classes(values: _Record) -> object:
    """None where the record has spans, or nothing that could be classes."""
    label = values.get("labels", values.get("label"))
    if "annotations" in values and label is None:
        return [str(one.get("label")) for one in _annotations(values) if "start_offset" not in one]
    return None if isinstance(label, list) and label and all(_is_triple(one) for one in label) else label


def _reader(first: Sequence[_Record]) -> RowReader:
    return _Project(Holds(any(map(_spans, first)), any(map(_classes, first)))).rows


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    records = []
    for number, example in enumerate(labelled(examples, "doccano"), start=1):
        label: list[Any] | None = classes_of(example)
        if isinstance(example, TaggedText):
            label = [[s["start"], s["end"], s["label"]] for s in spans_with_note(example, log)]
        records.append({"id": number, "text": example.text, "label": label, "Comments": []})
    write_lines(path, records)


DOCCANO = Shape("doccano", "JSONL of doccano, classes or spans", _matches, _reader, lambda _: _bare, _write)
