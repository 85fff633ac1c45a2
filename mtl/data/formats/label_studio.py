"""Label Studio: tasks with `data` and `annotations`, or the short form with one column for each control."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.annotated import Holds, text_field
from mtl.data.formats.interface import RowReader, Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_array
from mtl.data.offsets import OffsetUnit, from_characters
from mtl.data.place import ReadLog, Row, unpacked

_Record = Mapping[str, Any]


def _matches(record: Mapping[str, object]) -> bool:
    annotations = record.get("annotations", record.get("completions"))
    if isinstance(record.get("data"), dict) and isinstance(annotations, list):
        return True
    return any(_are_regions(value) for value in record.values())


def _are_regions(value: object) -> bool:
    value = unpacked(value)  # in the CSV form a field holds them
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and {"start", "end", "labels"} <= set(one) for one in value)
    )


@dataclass(frozen=True)
class _Project:
    """What the first records settle: the field of the text, and the control whose choices are the label."""

    text: str
    control: str | None
    controls: tuple[str, ...]
    holds: Holds

    def rows(self, row: Row, log: ReadLog) -> Iterator[Row]:
        """A task, or a record of the short form."""
        values = row.values
        if isinstance(values.get("data"), dict):
            yield from self._task(row, log)
            return
        regions: Any = next((unpacked(value) for value in values.values() if _are_regions(value)), [])
        yield Row(row.where, {**self.bare(values), "spans": [span for region in regions for span in _spans(region)]})

    def bare(self, values: _Record) -> dict[str, Any]:
        """The columns without annotations."""
        if isinstance(values.get("data"), dict):
            data = values["data"]
            return {**data, "id": values.get("id"), "text": data.get(self.text)}
        rest = {name: value for name, value in values.items() if not _are_regions(value) and name != "label"}
        return {**rest, "text": rest.get(self.text)}

    def _task(self, row: Row, log: ReadLog) -> Iterator[Row]:
        given = _given(row.values)
        kept = [a for a in given if not a.get("was_cancelled")]
        if not kept:
            log.leave_out("skipped in Label Studio" if given else "not yet annotated in Label Studio")
            return
        if len(kept) > 1:
            log.note("of a task with several annotations only the first is read")
        results = [one for one in kept[0].get("result") or [] if isinstance(one, dict)]
        spans = [span for one in results if _marks_text(one) for span in _spans(one["value"])]
        chosen: dict[str, list[Any]] = {}
        for one in results:
            if _chooses(one):
                chosen.setdefault(str(one.get("from_name")), []).extend(one["value"]["choices"])
        others = {str(one.get("type")) for one in results if not _marks_text(one) and not _chooses(one)}
        if others - {"relation"} and not spans and not chosen:
            expected = "labels or choices of a text were expected"
            raise row.where.error(f"{expected}, was {', '.join(sorted(others))[:60]}")
        if "relation" in others:
            log.note("relations between entities are not read")
        if others - {"relation"}:
            log.note(f"results of type {', '.join(sorted(others - {'relation'}))} are not read")
        if self.text != "text":
            log.note(f"the field {self.text} is read as the text")
        if len(self.controls) > 1:
            log.note(f"of the controls {', '.join(self.controls)} the choices of {self.control} are read as the label")
        columns = {name: choices for name, choices in chosen.items() if len(self.controls) > 1}
        marks = self.holds.marks(spans, chosen.get(str(self.control), []))
        yield Row(row.where, {**columns, **self.bare(row.values), **marks})


def _project(first: Sequence[_Record]) -> _Project:
    data = [record["data"] if isinstance(record.get("data"), dict) else record for record in first]
    results = [
        one
        for record in first
        for annotation in _given(record)
        for one in annotation.get("result") or []
        if isinstance(one, dict)
    ]
    marked = [one for one in results if _marks_text(one) or _chooses(one)]
    names = [name for name, _ in Counter(str(one.get("to_name")) for one in marked).most_common()]
    controls = [name for name, _ in Counter(str(one.get("from_name")) for one in marked if _chooses(one)).most_common()]
    if not any(isinstance(record.get("data"), dict) for record in first):
        data = [{name: value for name, value in one.items() if not name.endswith("_at")} for one in data]
    return _Project(
        text_field(data, (*names, "text")),
        next(iter(controls), None),
        tuple(controls),
        Holds(any(_marks_text(one) for one in marked), bool(controls)),
    )


def _given(record: _Record) -> list[dict[str, Any]]:
    annotations = record.get("annotations", record.get("completions"))
    return [one for one in annotations if isinstance(one, dict)] if isinstance(annotations, list) else []


def _marks_text(result: _Record) -> bool:
    """Whether a result labels a part of a text; parts of images and sounds have labels too."""
    value = result.get("value")
    if not isinstance(value, dict) or not isinstance(value.get("labels"), list):
        return False
    return "x" not in value and "original_length" not in result and ("end" in value or "globalOffsets" in value)


def _chooses(result: _Record) -> bool:
    value = result.get("value")
    return isinstance(value, dict) and isinstance(value.get("choices"), list)


def _spans(value: _Record) -> Iterator[dict[str, Any]]:
    place = value if isinstance(value.get("start"), int) else value.get("globalOffsets") or value
    for label in value.get("labels") or ():
        span = {"start": place.get("start"), "end": place.get("end"), "label": label, "unit": OffsetUnit.UTF16}
        yield span | ({"text": value["text"]} if isinstance(value.get("text"), str) else {})


def _reader(first: Sequence[_Record]) -> RowReader:
    return _project(first).rows


def _bare(first: Sequence[_Record]) -> Callable[[_Record], dict[str, Any]]:
    return _project(first).bare


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """Tasks as they are imported; offsets count UTF-16 units, as in a browser."""
    tasks = []
    for number, example in enumerate(labelled(examples, "Label Studio"), start=1):
        result: list[dict[str, Any]] = []
        if not isinstance(example, TaggedText):
            value: dict[str, Any] = {"choices": classes_of(example)}
            result.append({"from_name": "class", "to_name": "text", "type": "choices", "value": value})
        else:
            for span in spans_with_note(example, log):
                start, end = span["start"], span["end"]
                value = {
                    "start": from_characters(example.text, start, OffsetUnit.UTF16),
                    "end": from_characters(example.text, end, OffsetUnit.UTF16),
                    "text": example.text[start:end],
                    "labels": [span["label"]],
                }
                result.append({"from_name": "label", "to_name": "text", "type": "labels", "value": value})
        for i, one in enumerate(result):
            one["id"] = f"{number}-{i}"
        tasks.append({"id": number, "data": {"text": example.text}, "annotations": [{"result": result}]})
    write_array(path, tasks)


LABEL_STUDIO = Shape("label-studio", "JSON of Label Studio, full or short", _matches, _reader, _bare, _write)
