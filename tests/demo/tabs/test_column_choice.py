"""The columns of an upload: the likely ones are shown, and what is chosen is read, on every tab."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.answers.gold import read_labelled, read_tagged
from demo.inputs.columns import FLAGS
from demo.tabs import column_choice, results
from demo.tabs.column_choice import NO_COLUMN, NO_LABEL, choices_of_roles, choices_of_texts, chosen, of_roles
from demo.tabs.embeddings import steps
from mtl.data.columns import ROLES
from mtl.recipe import TaskKind
from tests.demo.fakes import settings

SEMICOLONS = "nr;Kommentar;stimmung\n1;Die Suppe war kalt, leider.;schlecht\n2;Gutes Brot, danke.;gut\n"
CHOICE = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["x"]}}
SHARED = SimpleNamespace(settings=settings())


def put(folder: Path, content: str, name: str = "t.csv") -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return str(folder / name)


def values(choices: list) -> list[str | None]:
    return [choice.value for choice in choices]


def test_a_table_with_its_own_names_shows_the_text_and_lets_the_label_be_chosen(tmp_path: Path):
    file = put(tmp_path, SEMICOLONS)
    _, text, label = column_choice.look_at(settings(), column_choice.TEXT_ROLES, file)
    assert (text.value, label.value) == ("Kommentar", NO_LABEL)
    assert [name for name, _ in text.choices] == ["nr", "Kommentar", "stimmung"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("text,label,id\na b,x,1\nc d,y,2\n", ["text", "label"]),
        ("text,group,id\na b,x,1\nc d,y,2\n", ["text", "group"]),
        ("text,cheap,fast\na b,1,0\nc d,0,1\n", ["text", FLAGS]),
        ("id,n\na1,1\nb2,2\n", [None, NO_LABEL]),
        ("text\na b\n", [None, None]),
    ],
)
def test_the_likely_columns_are_shown(tmp_path: Path, content: str, found: list[str | None]):
    assert values(choices_of_texts(SHARED.settings, put(tmp_path, content))) == found


@pytest.mark.parametrize("name", ["t.txt", "t.conll"])
def test_lines_and_tokens_have_no_columns(tmp_path: Path, name: str):
    assert not any(choice.visible for choice in choices_of_texts(SHARED.settings, put(tmp_path, SEMICOLONS, name)))


def test_what_is_chosen_is_read_on_every_tab(tmp_path: Path):
    file = put(tmp_path, SEMICOLONS)
    texts = "Die Suppe war kalt, leider.\nGutes Brot, danke."
    shown, sentences, _ = steps.upload(SHARED, file, "Kommentar", "stimmung")
    assert (shown, sentences.groups) == (texts, ("schlecht", "gut"))
    shown, upload, _ = results.take_file(read_labelled, SHARED, file, "Kommentar", "stimmung")
    assert (shown, upload.gold.labels) == (texts, ("schlecht", "gut"))
    shown, upload, _ = results.take_file(read_labelled, SHARED, file, "Kommentar", NO_LABEL)
    assert (shown, upload.gold.labels) == (texts, None)
    assert results.take_file(read_tagged, SHARED, file, "Kommentar")[0] == texts
    assert results.take_file(read_tagged, SHARED, file, "stimmung")[0] == "schlecht\ngut"


def test_sets_of_labels_are_read_from_the_chosen_column(tmp_path: Path):
    file = put(tmp_path, "id,remark,topics of it\n1,a first text,x|y\n2,a second text,x\n3,a third text,y|x\n")
    _, upload, _ = results.take_file(read_labelled, SHARED, file, "remark", "topics of it")
    assert upload.gold.label_sets == (("x", "y"), ("x",), ("x", "y"))
    file = put(tmp_path, "text,cheap,fast\na b,1,0\nc d,1,1\n", "f.csv")
    _, upload, _ = results.take_file(read_labelled, SHARED, file, *values(choices_of_texts(SHARED.settings, file)))
    assert upload.gold.label_sets == (("cheap",), ("cheap", "fast"))


def test_an_export_without_annotations_is_read_as_texts(tmp_path: Path):
    task = '{"id": %d, "data": {"text": "text %d"}, "annotations": []}'
    file = put(tmp_path, f"[{task % (1, 1)}, {task % (2, 2)}]", "t.json")
    assert results.take_file(read_labelled, SHARED, file)[0] == "text 1\ntext 2"


def test_a_pair_may_have_no_column_of_a_usual_score(tmp_path: Path):
    file = put(tmp_path, "premise;answer;wert\nthe soup was cold;it was not warm;0,5\nwe left;they came;1\n")
    found = values(choices_of_roles(SHARED.settings, file, ROLES[TaskKind.SIMILARITY]))
    assert found == ["premise", "answer", NO_COLUMN]
    assert of_roles(ROLES[TaskKind.SIMILARITY], found) == {"sentence1": "premise", "sentence2": "answer"}
    assert chosen(["a", FLAGS]) == {"text": "a"}


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_record_without_a_label_keeps_its_text(tmp_path: Path, name: str):
    tasks = [
        {"id": 1, "data": {"text": "one"}, "annotations": [{"result": [CHOICE]}]},
        {"id": 2, "data": {"text": "two"}, "annotations": []},
    ]
    rows = [{"text": "one", "label": "x"}, {"text": "two", "n": 3}]
    content = json.dumps(tasks) if name == "t.json" else "\n".join(map(json.dumps, rows))
    file = put(tmp_path, content, name)
    found = values(choices_of_texts(SHARED.settings, file))
    assert found == ["text", "label"]
    shown, sentences, _ = steps.upload(SHARED, file, *found)
    assert (shown, sentences.rejected) == ("one\ntwo", ())
