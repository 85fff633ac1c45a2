"""Argilla: records with `fields` and `responses`, nested or flat, and those of version 1 with `annotation`.

Responses are read, suggestions are not: they are what a model proposed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, LabelledText, TaggedText
from mtl.data.formats.annotated import Holds, text_field
from mtl.data.formats.interface import RowReader, Shape
from mtl.data.formats.writing import labelled, spans_with_note, write_array
from mtl.data.place import ReadLog, Row

_FLAT = ".responses"
_NOBODY = "00000000-0000-0000-0000-000000000000"
_UNUSED = ("discarded", "draft", "pending")
_OWN = ("id", "status", "_server_id")
_Record = Mapping[str, Any]


def _matches(record: Mapping[str, object]) -> bool:
    nested = isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), (dict, list))
    first = "annotation" in record and bool({"prediction", "annotation_agent", "status"} & set(record))
    return nested or first or any(name.endswith((_FLAT, ".suggestion")) for name in record)


@dataclass(frozen=True)
class _Dataset:
    """What the first records settle: the field of the text, and the question whose responses are read."""

    text: str
    question: str | None
    questions: tuple[str, ...]
    holds: Holds

    def rows(self, row: Row, log: ReadLog) -> Iterator[Row]:
        """The record with its response, unless it has none."""
        if str(row.values.get("status")).lower() == "discarded":
            log.leave_out("discarded in Argilla")
            return
        answers = _answers(row.values)
        given = answers.get(str(self.question), [])
        if not given:
            log.leave_out("without a response in Argilla")
            return
        if any(value != given[0] for value in given):
            log.note("of a record with different responses only the first is read")
        if len(self.questions) > 1:
            log.note(f"of the questions {', '.join(self.questions)} the responses to {self.question} are read")
        if self.text != "text":
            log.note(f"the field {self.text} is read as the text")
        others = {name: values[0] for name, values in answers.items() if len(self.questions) > 1}
        marks = self.holds.marks(**_marks(given[0]))
        yield Row(row.where, {**others, **self.bare(row.values), **marks})

    def bare(self, values: _Record) -> dict[str, Any]:
        """The fields without responses and suggestions."""
        fields = _fields(values)
        return {**fields, "text": fields.get(self.text)}


def _dataset(first: Sequence[_Record]) -> _Dataset:
    answers: dict[str, list[Any]] = {}
    for record in first:
        for name, values in _answers(record).items():
            answers.setdefault(name, []).append(values[0])
    questions = sorted(answers, key=lambda name: _rank(name, answers[name]))
    question = questions[0] if questions else None
    marks = [_marks(value) for value in answers.get(str(question), [])]
    data = [{name: value for name, value in _fields(record).items() if name not in _OWN} for record in first]
    return _Dataset(
        text_field(data),
        question,
        tuple(questions),
        Holds(any(one["spans"] for one in marks), any(one["classes"] for one in marks)),
    )


def _rank(name: str, values: Sequence[Any]) -> tuple[object, ...]:
    """Questions with spans first, then classes with short names; ratings and free texts come last."""
    is_spans = any(isinstance(value, list) and any(isinstance(one, dict) for one in value) for value in values)
    is_number = all(isinstance(value, int) for value in values)
    return (not is_spans, is_number, name != "label", sum(len(str(value)) for value in values) / len(values))


def _fields(values: _Record) -> dict[str, Any]:
    if "annotation" in values:
        text = values.get("text") or (values.get("inputs") or {}).get("text")
        return {"id": values.get("id"), "text": text}
    if isinstance(values.get("fields"), dict):
        return {"id": values.get("id"), **values["fields"]}
    return {name: value for name, value in values.items() if "." not in name}


def _answers(values: _Record) -> dict[str, list[Any]]:
    """The responses to each question that has some, those of classes and spans."""
    if "annotation" in values:
        found = {"annotation": [values["annotation"]]}
    elif isinstance(values.get("fields"), dict):
        found = _nested(values.get("responses") or {})
    else:
        found = _flat(values)
    known = {name: [value for value in given if _is_answer(value)] for name, given in found.items()}
    return {name: given for name, given in known.items() if given}


def _nested(responses: dict[str, Any] | list[Any]) -> dict[str, list[Any]]:
    if isinstance(responses, list):  # by user in early versions: each has values by question
        by_question: dict[str, list[Any]] = {}
        for one in responses:
            values = one.get("values", one.get("value")) if isinstance(one, dict) else None
            if isinstance(values, dict) and one.get("status") not in _UNUSED:
                for name, answer in values.items():
                    by_question.setdefault(name, []).append(answer.get("value") if isinstance(answer, dict) else answer)
            elif isinstance(one, dict) and one.get("status") not in _UNUSED:
                by_question.setdefault("response", []).append(values)
        return by_question
    return {
        name: [
            one.get("value", one.get("values"))
            for one in given or ()
            if isinstance(one, dict) and one.get("status") not in _UNUSED
        ]
        for name, given in responses.items()
    }


def _flat(values: _Record) -> dict[str, list[Any]]:
    kept = {}
    for name, given in values.items():
        if name.endswith(_FLAT) and isinstance(given, list):
            states = values.get(f"{name}.status") or [None] * len(given)
            kept[name.removesuffix(_FLAT)] = [
                value for value, state in zip(given, states, strict=False) if state not in _UNUSED
            ]
    return kept


def _is_answer(value: object) -> bool:
    return isinstance(value, (str, int, list))


def _marks(value: object) -> dict[str, Any]:
    """The spans or the classes of a response; an empty list may be either."""
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        keys = ("start", "end", "label")
        return {
            "spans": [{key: one.get(key) for key in keys} for one in value if isinstance(one, dict)],
            "classes": None,
        }
    if isinstance(value, list):
        return {"spans": None if value else [], "classes": value}
    return {"spans": None, "classes": value}


def _reader(first: Sequence[_Record]) -> RowReader:
    return _dataset(first).rows


def _bare(first: Sequence[_Record]) -> Callable[[_Record], dict[str, Any]]:
    return _dataset(first).bare


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


ARGILLA = Shape("argilla", "records of Argilla, versions 1 and 2", _matches, _reader, _bare, _write, is_strict=True)
