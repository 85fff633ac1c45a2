import errno
import json
import os
import shutil
import signal

import pytest

from mtl.errors import InputError, StorageError
from mtl.labelling import (
    LabelHint,
    ProjectKind,
    ProjectSpec,
    create_project,
    delete_project,
    list_projects,
    open_project,
)
from mtl.labelling.log import Action, ActionKind, AnswerLog
from tests.mtl.labelling.specs import CLASSES, spec
from tests.mtl.processes import exit_code, start

TEXTS = ["b", "a 👩‍👩‍👧 film", "  ", "b ", "שלום עולם", "x" * 10_000, "\ud800 lone", "two\nlines\u2028and more"]


def test_a_project_comes_back_as_it_was_made(tmp_path):
    made = create_project(tmp_path, TEXTS, CLASSES, name="My topics")
    again = open_project(made.folder)
    assert again.texts == made.texts
    assert again.texts == ("b", "a 👩‍👩‍👧 film", "שלום עולם", "x" * 10_000, "\ufffd lone", "two\nlines\u2028and more")
    assert again.rows == made.rows == ((0, 3), (1,), (4,), (5,), (6,), (7,))
    assert (again.spec, again.name, again.id) == (CLASSES, "My topics", made.folder.name)


def test_labels_keep_descriptions_and_examples(tmp_path):
    hints = (LabelHint("a", "what a is", ("one", "two")), LabelHint("שלום"))
    made = create_project(tmp_path, ["t"], ProjectSpec("topic", ProjectKind.LABELS, hints))
    assert open_project(made.folder).spec.labels == hints


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([], "Texts to label were expected, there are none"),
        (["", " \n"], "Texts to label were expected, there are none"),
        (["a"] * 100_001, "At most 100,000 texts were expected, were 100,001"),
        (["a", "x" * 20_001], "at most 20,000 characters was expected, was 20,001 in row 2"),
        (["a", 3], "A text was expected in row 2, was '3'"),
    ],
)
def test_texts_that_cannot_be_labelled_are_refused_and_nothing_is_made(tmp_path, texts, says):
    with pytest.raises(InputError, match=says):
        create_project(tmp_path, texts, CLASSES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", [("a", "a"), ("",), (" a",), ("a\nb",), ("x" * 101,), tuple(map(str, range(501)))])
def test_labels_that_cannot_be_are_refused(labels):
    with pytest.raises(InputError, match="(was|were) expected"):
        spec("classes", *labels)


@pytest.mark.parametrize("task", ["", "no/name", "1a", "a b", "ä"])
def test_tasks_have_the_names_of_recipes(task):
    with pytest.raises(InputError, match="expected as the name of a task"):
        spec("classes", "a", task=task)


def test_labels_are_added_renamed_removed_and_come_back(tmp_path):
    project = create_project(tmp_path, ["t"], spec("classes", "a", "b"))
    other = open_project(project.folder)
    project.add_label(LabelHint("c", "third"))
    project.rename_label("a", "first")
    project.remove_label("b")
    assert other.spec.names == project.spec.names == ("first", "c")
    key = project.labels_now()[1]["first"]
    other.add_label(LabelHint("a"))  # a new label of an old name is another one
    spec_now, keys = other.labels_now()
    assert keys["a"] != key == keys["first"] and tuple(keys) == spec_now.names
    project.add_label(LabelHint("b"))
    project.describe_label(LabelHint("b", "again"))
    assert open_project(project.folder).spec.labels == (
        LabelHint("first"),
        LabelHint("c", "third"),
        LabelHint("a"),
        LabelHint("b", "again"),
    )


def test_changes_of_labels_that_cannot_be_are_refused(tmp_path):
    project = create_project(tmp_path, ["t"], spec("classes", "a", "b"))
    for change in (
        lambda: project.add_label(LabelHint("a")),
        lambda: project.rename_label("a", "b"),
        lambda: project.rename_label("c", "d"),
        lambda: project.remove_label("c"),
        lambda: project.describe_label(LabelHint("c")),
        lambda: project.add_label(LabelHint(" ")),
    ):
        with pytest.raises(InputError, match="expected"):
            change()
    assert open_project(project.folder).spec.names == ("a", "b")


def test_the_last_changed_project_comes_first_and_what_is_no_project_is_passed_over(tmp_path):
    first, second = (create_project(tmp_path, ["t", "t"], CLASSES, name=name) for name in ("one", "two"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "project.json").write_text("{")
    file = first.folder / "project.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"created": 1.0}))
    listed = list_projects(tmp_path)
    assert [one.name for one in listed] == ["two", "one"]
    assert (listed[0].texts, listed[0].answers, listed[0].spec, listed[0].annotators) == (1, 0, CLASSES, ())
    assert listed[0].bytes > 100
    delete_project(second.folder)
    assert [one.name for one in list_projects(tmp_path)] == ["one"]
    assert list_projects(tmp_path / "nowhere") == ()


def test_an_answer_while_a_project_is_deleted_brings_nothing_of_it_back(tmp_path, monkeypatch):
    project = create_project(tmp_path, ["t"], CLASSES)
    log, honest = AnswerLog(project.answers_folder), shutil.rmtree

    def slow(folder, **how):
        with pytest.raises(StorageError, match="somebody has deleted it"):
            log.append("ann", Action(ActionKind.SKIP, (0,)))
        with pytest.raises(InputError, match="the folder of a labelling project was expected"):
            open_project(project.folder)
        honest(folder, **how)

    monkeypatch.setattr("mtl.labelling.project.shutil.rmtree", slow)
    delete_project(project.folder)
    assert not list(tmp_path.iterdir())


def die_in_a_deletion(folder):
    def half(place, **_how):
        (place / "texts.jsonl").unlink()
        os.kill(os.getpid(), signal.SIGKILL)

    shutil.rmtree = half
    delete_project(folder)


def test_a_deletion_that_is_killed_leaves_no_half_of_a_project_and_the_next_one_removes_the_rest(tmp_path):
    first, second = (create_project(tmp_path, ["t"], CLASSES, name=name) for name in ("one", "two"))
    assert exit_code(start(die_in_a_deletion, first.folder)) == -signal.SIGKILL
    assert [one.name for one in list_projects(tmp_path)] == ["two"]
    assert not first.folder.exists()
    (left,) = (place for place in tmp_path.iterdir() if place != second.folder)
    with pytest.raises(InputError, match="the folder of a labelling project was expected"):
        open_project(left)
    delete_project(second.folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("refusing", "is_left"), [("Path.rename", True), ("shutil.rmtree", False)])
def test_a_project_that_cannot_be_removed_is_one_sentence(tmp_path, monkeypatch, refusing, is_left):
    project = create_project(tmp_path, ["t"], CLASSES)

    def refuse(*_values, ignore_errors=False):
        if not ignore_errors:
            raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(f"mtl.labelling.project.{refusing}", refuse)
    with pytest.raises(StorageError, match=f"{project.id}: a project that can be removed was expected: Permission"):
        delete_project(project.folder)
    assert [one.id for one in list_projects(tmp_path)] == [project.id] * is_left


@pytest.mark.parametrize("damage", ["gone", "half", "more"])
def test_a_damaged_project_is_one_sentence(tmp_path, damage):
    folder = create_project(tmp_path, ["one", "two"], CLASSES).folder
    file = folder / "texts.jsonl"
    if damage == "gone":
        file.unlink()
    else:
        text = file.read_text()
        file.write_text(text[:-9] if damage == "half" else text * 2)
    with pytest.raises(InputError, match="expected"):
        open_project(folder)
    for wrong in (tmp_path, tmp_path / "none", folder / "answers"):
        with pytest.raises(InputError, match="the folder of a labelling project was expected"):
            open_project(wrong)
        with pytest.raises(InputError, match="the folder of a labelling project was expected"):
            delete_project(wrong)


def test_a_full_disk_leaves_nothing_of_a_project_and_no_change_of_labels(tmp_path, monkeypatch):
    project = create_project(tmp_path, ["t"], CLASSES)

    def full(*_values, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mtl.labelling.project._write", full)
    with pytest.raises(StorageError, match="room for a project was expected: No space left on device"):
        create_project(tmp_path, ["t"], CLASSES)
    assert [place.name for place in tmp_path.iterdir()] == [project.id]
    monkeypatch.setattr("mtl.labelling.log.append_line", full)
    with pytest.raises(StorageError, match="No space left on device"):
        project.add_label(LabelHint("new"))
    assert project.spec == CLASSES
