"""Label Studio: tasks with `data` and `annotations`, or the short form with one column for each control."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_array
from mtl.data.offsets import OffsetUnit, from_characters
from mtl.data.place import ReadLog, Row


def _matches(record: Mapping[str, object]) -> bool:
    annotations = record.get("annotations", record.get("completions"))
    if isinstance(record.get("data"), dict) and isinstance(annotations, list):
        return True
    return any(_are_regions(value) for value in record.values())


def _are_regions(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and {"start", "end", "labels"} <= set(one) for one in value)
    )


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    values = row.values
    if isinstance(values.get("data"), dict):
        yield from _task(row, log)
        return
    regions: list[dict[str, Any]] = next((value for value in values.values() if _are_regions(value)), [])
    rest = {name: value for name, value in values.items() if not _are_regions(value) and name != "label"}
    texts = [value for name, value in rest.items() if isinstance(value, str) and not name.endswith("_at")]
    text = rest.get("text", max(texts, key=len, default=None))
    yield Row(row.where, {**rest, "text": text, "spans": [span for region in regions for span in _spans(region)]})


def _task(row: Row, log: ReadLog) -> Iterator[Row]:
    values = row.values
    annotations = values.get("annotations", values.get("completions")) or []
    kept = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
    if not kept:
        log.leave_out("skipped in Label Studio" if annotations else "not yet annotated in Label Studio")
        return
    if len(kept) > 1:
        log.note("of a task with several annotations only the first is read")
    results = [
        one for one in kept[0].get("result") or [] if isinstance(one, dict) and isinstance(one.get("value"), dict)
    ]
    record = {**values["data"], "id": values.get("id"), "text": _text(values["data"], results)}
    record["spans"] = [span for one in results if "labels" in one["value"] for span in _spans(one["value"])]
    if any("relation" in str(one.get("type")) for one in kept[0].get("result") or [] if isinstance(one, dict)):
        log.note("relations between entities are not read")
    choices = [name for one in results for name in one["value"].get("choices", ())]
    if choices or not record["spans"]:
        record["label"] = choices
    yield Row(row.where, record)


def _text(data: Mapping[str, Any], results: list[dict[str, Any]]) -> object:
    """The text that was annotated: the field of the name of the object, or `text`, or the only string."""
    names = [str(one.get("to_name")) for one in results]
    texts = [value for value in data.values() if isinstance(value, str)]
    return next((data[name] for name in (*names, "text") if name in data), max(texts, key=len, default=None))


def _spans(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    place = value if isinstance(value.get("start"), int) else value.get("globalOffsets") or value
    for label in value.get("labels") or ():
        span = {"start": place.get("start"), "end": place.get("end"), "label": label, "unit": OffsetUnit.UTF16}
        yield span | ({"text": value["text"]} if isinstance(value.get("text"), str) else {})


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


LABEL_STUDIO = Shape("label-studio", "JSON of Label Studio, full or short", _matches, _rows, _write)
