"""Argilla: records with `fields` and `responses`, nested or flat, and those of version 1 with `annotation`.

Responses are read, suggestions are not: they are what a model proposed.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, LabelledText, TaggedText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import labelled, spans_with_note, write_array
from mtl.data.place import ReadLog, Row

_FLAT = ".responses"
_NOBODY = "00000000-0000-0000-0000-000000000000"


def _matches(record: Mapping[str, object]) -> bool:
    nested = isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), (dict, list))
    first = "annotation" in record and bool({"prediction", "annotation_agent", "status"} & set(record))
    return nested or first or any(name.endswith((_FLAT, ".suggestion")) for name in record)


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    values = row.values
    if str(values.get("status")).lower() == "discarded":
        log.leave_out("discarded in Argilla")
        return
    if "annotation" in values:
        text = values.get("text") or (values.get("inputs") or {}).get("text")
        given, record = [values["annotation"]], {"id": values.get("id"), "text": text}
    elif isinstance(values.get("fields"), dict):
        given, record = _nested(values["responses"]), {"id": values.get("id"), **values["fields"]}
    else:
        given = _flat(values)
        record = {name: value for name, value in values.items() if "." not in name}
    given = [value for value in given if value is not None]
    if not given:
        log.leave_out("without a response in Argilla")
        return
    if any(value != given[0] for value in given):
        log.note("of a record with different responses only the first is read")
    _set_text(record)
    yield Row(row.where, record | _answer(given[0]))


def _nested(responses: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(responses, list):
        responses = {str(i): [one] for i, one in enumerate(responses)}
    kept = [
        one.get("value", one.get("values"))
        for question in responses.values()
        for one in question or ()
        if isinstance(one, dict) and one.get("status") != "discarded"
    ]
    return [value for value in kept if _answer(value)]


def _flat(values: Mapping[str, Any]) -> list[Any]:
    kept = []
    for name, given in values.items():
        if name.endswith(_FLAT) and isinstance(given, list):
            states = values.get(f"{name}.status") or [None] * len(given)
            kept += [value for value, state in zip(given, states, strict=False) if state != "discarded"]
    return [value for value in kept if _answer(value)]


def _answer(value: object) -> dict[str, Any]:
    """The label or the spans of a response; nothing of a question of another kind."""
    if isinstance(value, (str, int)):
        return {"label": value}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        keys = ("start", "end", "label")
        return {"spans": [{key: one.get(key) for key in keys} for one in value if isinstance(one, dict)]}
    if isinstance(value, list):
        return {"label": value} if value else {"label": value, "spans": []}
    return {}


def _set_text(record: dict[str, Any]) -> None:
    if not isinstance(record.get("text"), str):
        texts = [value for name, value in record.items() if isinstance(value, str) and name not in ("id", "status")]
        if texts:
            record["text"] = max(texts, key=len)


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """Nested records of version 2, with a response of a nameless user to one question."""
    records = []
    for number, example in enumerate(labelled(examples, "Argilla"), start=1):
        value: Any
        if isinstance(example, TaggedText):
            question, value = "span_label", spans_with_note(example, log)
        else:
            question, value = "label", example.label if isinstance(example, LabelledText) else list(example.labels)
        responses = {question: [{"value": value, "user_id": _NOBODY}]}
        records.append(
            {
                "id": str(number),
                "fields": {"text": example.text},
                "metadata": {},
                "suggestions": {},
                "responses": responses,
                "vectors": {},
                "status": "completed",
            }
        )
    write_array(path, records)


ARGILLA = Shape("argilla", "records of Argilla, versions 1 and 2", _matches, _rows, _write)
