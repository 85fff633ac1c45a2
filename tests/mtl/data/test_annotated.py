"""Exports of annotation tools as people have them: what a file's first records settle, and what is no text at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from mtl.data import LabelledText, MultiLabelText, TaggedText, read_task
from mtl.data.place import ReadLog
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError
from mtl.recipe import TaskConfig

Found = tuple[tuple[object, ...], tuple[str, ...]]


def put(folder: Path, name: str, records: list[Any]) -> Path:
    file = folder / name
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    file.write_text(
        "\n".join(lines) if name.endswith("l") else json.dumps(records, ensure_ascii=False), encoding="utf-8"
    )
    return file


def read(file: Path, kind: str, **options: object) -> Found:
    data = read_task("task", TaskConfig.model_validate({"kind": kind, "train": [str(file)], **options}))
    return data.train, data.notes


def spans_of(example: object) -> list[tuple[str, str]]:
    assert isinstance(example, TaggedText)
    return [(example.text[span.start : span.end], span.label) for span in example.char_spans()]


def choice(name: str, *values: str, to: str = "text") -> dict[str, Any]:
    return {"from_name": name, "to_name": to, "type": "choices", "value": {"choices": list(values)}}


def mark(start: int, end: int, label: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]}
    return {"from_name": "ner", "to_name": "text", "type": "labels", "value": value}


BOX = {
    "from_name": "box",
    "to_name": "image",
    "type": "rectanglelabels",
    "value": {"x": 1, "y": 2, "rectanglelabels": ["a"]},
}
SOUND = {"from_name": "who", "to_name": "sound", "type": "labels", "original_length": 9.5}
SOUND |= {"value": {"start": 0.5, "end": 1.5, "channel": 0, "labels": ["Lena"]}}


def task(data: dict[str, Any], *results: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return {"id": number, "data": data, "annotations": [{"id": number, "result": list(results)}]}


@pytest.mark.parametrize(
    ("result", "kind"), [(BOX, "rectanglelabels"), (SOUND, "labels")], ids=["parts of an image", "parts of a sound"]
)
@pytest.mark.parametrize("wanted", ["tagging", "classification"])
def test_annotations_of_what_is_no_text_are_refused(tmp_path: Path, result: dict[str, Any], kind: str, wanted: str):
    file = put(tmp_path, "t.json", [task({"image": "pictures/one.jpg"}, result)])
    with pytest.raises(DataError, match=rf"t\.json:1: labels or choices of a text were expected, was {kind}"):
        read(file, wanted)


def test_classes_of_images_are_not_read_as_classes_of_their_addresses(tmp_path: Path):
    data = [{"image": f"pictures/{name}.jpg", "id": name} for name in ("one", "two")]
    file = put(tmp_path, "t.json", [task(one, choice("what", "cat", to="image")) for one in data])
    with pytest.raises(DataError, match="text is a string, was nothing"):
        read(file, "classification")


def test_the_text_of_all_tasks_is_one_field(tmp_path: Path):
    tasks = [
        task({"url": "https://example.org/a-very-long-address-of-a-page", "review": "Good."}, choice("mood", "glad")),
        task({"url": "https://example.org/b", "review": "Not so good, alas."}, choice("mood", "sad")),
    ]
    examples, notes = read(put(tmp_path, "t.json", tasks), "classification")
    assert examples == (LabelledText("Good.", "glad"), LabelledText("Not so good, alas.", "sad"))
    assert any("the field review is read as the text" in note for note in notes)


def test_choices_of_two_controls_are_not_one_label(tmp_path: Path):
    tasks = [
        task({"text": "one"}, choice("mood", "glad"), choice("topic", "sports")),
        task({"text": "two"}, choice("mood", "sad"), choice("topic", "news")),
    ]
    file = put(tmp_path, "t.json", tasks)
    examples, notes = read(file, "classification")
    assert [one.label for one in examples] == ["glad", "sad"]
    assert any("of the controls mood, topic the choices of mood are read as the label" in note for note in notes)
    examples, _ = read(file, "classification", columns={"label": "topic"})
    assert [one.label for one in examples] == ["sports", "news"]


@pytest.mark.parametrize("kind", ["tagging", "classification"])
def test_a_text_without_marks_counts_only_for_what_the_file_holds(tmp_path: Path, kind: str):
    """A task without a choice has no entities, and a task without a span no class."""
    marked = mark(0, 4, "PER") if kind == "tagging" else choice("mood", "glad")
    tasks = [
        task({"text": "Lena left."}, marked),
        task({"text": "So did I."}, choice("mood", "sad")),
        task({"text": "Or so."}),
    ]
    del tasks[1 if kind == "tagging" else 2]
    other = "classification" if kind == "tagging" else "tagging"
    file = put(tmp_path, "t.json", tasks)
    assert len(read(file, kind)[0]) == 2
    with pytest.raises(DataError, match="expected"):
        read(file, other)


def test_early_versions_of_doccano_have_numbers_for_labels(tmp_path: Path):
    marks = [{"label": 7, "start_offset": 0, "end_offset": 4, "user": 1}]
    file = put(tmp_path, "t.jsonl", [{"id": 1, "text": "Lena left.", "annotations": marks, "meta": {}}])
    examples, notes = read(file, "tagging", map_labels={"7": "PER"})
    assert [spans_of(one) for one in examples] == [[("Lena", "PER")]]
    assert any("map_labels names them" in note for note in notes)
    rows = [{"id": i, "text": f"text {i}", "annotations": [{"label": i, "user": 1}], "meta": {}} for i in (3, 4)]
    examples, _ = read(put(tmp_path, "c.jsonl", rows), "classification")
    assert [one.label for one in examples] == ["3", "4"]


def test_a_span_that_is_marked_twice_counts_once(tmp_path: Path):
    file = put(tmp_path, "t.jsonl", [{"text": "Lena left.", "label": [[0, 4, "PER"], [0, 4, "PER"]]}])
    assert spans_of(read(file, "tagging")[0][0]) == [("Lena", "PER")]
    file = put(tmp_path, "t.jsonl", [{"text": "Lena left.", "label": [[0, 4, "PER"], [0, 4, "ORG"]]}])
    with pytest.raises(DataError, match=r"disjoint spans were expected, 0-4 and 0-4 overlap"):
        read(file, "tagging")


def argilla(fields: dict[str, str], **responses: Any) -> dict[str, Any]:  # noqa: ANN401
    given = {name: [{"value": value, "user_id": "u"}] for name, value in responses.items()}
    return {"id": fields.get("prompt"), "fields": fields, "responses": given, "status": "completed"}


def test_argilla_has_one_field_and_one_question_for_all_records(tmp_path: Path):
    records = [
        argilla({"prompt": "Which is the better answer of both?", "answer": "A."}, why="It is short.", best="first"),
        argilla({"prompt": "And now?", "answer": "A much longer answer than the prompt."}, best="second"),
        argilla({"prompt": "And which one of these here now?", "answer": "B."}, why="Because.", best="first"),
    ]
    file = put(tmp_path, "t.json", records)
    examples, notes = read(file, "classification")
    assert [one.text for one in examples] == [record["fields"]["prompt"] for record in records]
    assert [one.label for one in examples] == ["first", "second", "first"]
    assert any("of the questions best, why the responses to best are read" in note for note in notes)
    examples, _ = read(file, "classification", columns={"text": "answer"})
    assert examples[1].text == "A much longer answer than the prompt."


@pytest.mark.parametrize("status", ["draft", "discarded"])
def test_a_response_that_nobody_submitted_is_none(tmp_path: Path, status: str):
    records = [
        argilla({"text": "one"}, best="x"),
        argilla({"text": "two"}, best="y"),
        argilla({"text": "three"}, best="z"),
    ]
    records[2]["responses"]["best"][0]["status"] = status
    examples, notes = read(put(tmp_path, "t.json", records), "classification")
    assert [one.text for one in examples] == ["one", "two"]
    assert any("1 row is left out: without a response in Argilla" in note for note in notes)


def test_a_text_without_a_class_in_spacy_is_an_empty_set(tmp_path: Path):
    pairs = [["one", {"cats": {"a": 1.0, "b": 1.0}}], ["two", {"cats": {}}], ["three", {"cats": {"a": 0.0}}]]
    file = put(tmp_path, "t.json", pairs)
    examples, _ = read(file, "classification", multi_label=True)
    assert examples == (MultiLabelText("one", ("a", "b")), MultiLabelText("two", ()), MultiLabelText("three", ()))
    with pytest.raises(DataError, match="one label was expected, was none"):
        read(put(tmp_path, "s.json", [["one", {"cats": {"a": 1}}], ["two", {"cats": {}}]]), "classification")


def test_records_of_a_tool_keep_their_row_when_only_texts_are_read(tmp_path: Path):
    """Overlapping entities, rejected answers and tasks without annotations are no matter for a text."""
    gliner = [
        {"tokenized_text": ["Lena", "left"], "ner": [[0, 1, "A"], [1, 1, "B"]]},
        {"tokenized_text": ["So"], "ner": []},
    ]
    prodigy = [{"text": "one", "label": "x", "answer": "reject", "_task_hash": 1}, {"text": "two", "answer": "accept"}]
    studio = [{"id": 1, "data": {"text": "one"}, "annotations": []}, task({"text": "two"}, mark(0, 3, "X"), number=2)]
    files = {
        "g.json": (gliner, ["Lena left", "So"]),
        "p.jsonl": (prodigy, ["one", "two"]),
        "s.json": (studio, ["one", "two"]),
    }
    for name, (records, texts) in files.items():
        rejected: list[DataError] = []
        rows = list(read_texts(text_source(put(tmp_path, name, records)), ReadLog(rejected.append)))
        assert [row.text for row in rows] == texts
        assert rejected == []
    assert "label" not in rows[0].values


@pytest.mark.parametrize("separator", [", ", ",\n"])
def test_each_record_of_an_array_has_its_own_place(tmp_path: Path, separator: str):
    file = tmp_path / "t.json"
    file.write_text("[" + separator.join(json.dumps({"text": f"text {i}"}) for i in range(4)) + "]")
    places = [row.line for row in read_texts(text_source(file), ReadLog())]
    assert places == ([f"record {i}" for i in range(1, 5)] if separator == ", " else [1, 2, 3, 4])
