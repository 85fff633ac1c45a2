import json
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.errors import InputError, StorageError
from mtl.labelling.log import Action, ActionKind, AnswerLog, checked_name, file_name
from mtl.labels import TypedSpan
from tests.mtl.processes import exit_code, kill_at, sleep_at, start

EMOJI = TypedSpan(0, 2, "שם 👍")


def answer(text, label="a"):
    return Action(ActionKind.ANSWER, (text,), (label,))


def last_answers(log, name):
    person = log.people[name]
    return {text: person.last(text).answers[0] for text in person.answered()}


def read(folder):
    log = AnswerLog(folder)
    log.refresh()
    return log


@pytest.mark.parametrize("kept", ["label 👍", (), ("a", "ב"), (EMOJI, TypedSpan(5, 9, "b"))])
def test_answers_of_every_kind_come_back(tmp_path, kept):
    action = Action(ActionKind.ANSWER, (3, 4), (kept, kept), at=1.5)
    AnswerLog(tmp_path / "new").append("ann", action)
    assert read(tmp_path / "new").people["ann"].actions == [action]


def test_undo_takes_back_answers_skips_and_whole_pages_one_after_the_other(tmp_path):
    log = AnswerLog(tmp_path)
    log.append("ann", answer(1))
    log.append("ann", Action(ActionKind.ANSWER, (1, 2, 3), ("b", "b", "b")))
    log.append("ann", Action(ActionKind.SKIP, (2,)))
    states = [({1: "b", 2: "b", 3: "b"}, []), ({1: "a"}, []), ({}, []), ({}, [])]
    assert (last_answers(log, "ann"), log.people["ann"].skipped()) == ({1: "b", 3: "b"}, [2])
    for expected, skipped in states:
        log.append("ann", Action(ActionKind.UNDO))
        for one in (log, read(tmp_path)):
            assert (last_answers(one, "ann"), one.people["ann"].skipped()) == (expected, skipped)


@given(st.lists(st.one_of(st.integers(0, 3), st.just("undo"), st.integers(10, 13))))
def test_a_log_is_what_replaying_its_stack_gives(tmp_path_factory, steps):
    log, stack = AnswerLog(tmp_path_factory.mktemp("log")), []
    for number, step in enumerate(steps):
        if step == "undo":
            log.append("ann", Action(ActionKind.UNDO))
            stack = stack[:-1]
        elif step < 10:
            log.append("ann", answer(step, str(number)))
            stack.append((step, str(number)))
        else:
            log.append("ann", Action(ActionKind.SKIP, (step - 10,)))
            stack.append((step - 10, None))
    expected = dict(stack)
    if steps:
        assert last_answers(log, "ann") == {text: label for text, label in expected.items() if label is not None}


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path):
    log = AnswerLog(tmp_path)
    log.append("ann", answer(1))
    file = tmp_path / file_name("ann")
    with file.open("a") as opened:
        opened.write('{"by": "ann", "do": "answer", "texts": [2], "answ')
    other = read(tmp_path)
    assert last_answers(other, "ann") == {1: "a"}
    log.append("ann", answer(3))
    other.refresh()
    assert last_answers(other, "ann") == last_answers(read(tmp_path), "ann") == {1: "a", 3: "a"}


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[1]",
        '{"by": 3, "do": "skip", "texts": [1]}',
        '{"by": "ann", "do": "dance"}',
        '{"by": "ann", "do": "skip"}',
        '{"by": "ann", "do": "answer"}',
        '{"by": "ann", "do": "skip", "texts": [1], "answers": ["a"]}',
        '{"by": "ann", "do": "answer", "texts": [1, 2], "answers": ["a"]}',
        '{"by": "ann", "do": "answer", "texts": [1], "answers": [3]}',
        '{"by": "ann", "do": "answer", "texts": ["x"], "answers": ["a"]}',
        '{"by": "ann", "do": "answer", "texts": [1], "answers": [[[0]]]}',
        '{"by": "ann", "do": "answer", "texts": [1e400], "answers": ["a"]}',
        '{"by": "ann", "do": "answer", "texts": [3], "answers": [[[0, 1e999, "a"]]]}',
        '{"by": "ann", "do": "skip", "texts": [1], "at": "soon"}',
        "[" * 100_000,
    ],
    ids=lambda line: line[:60],
)
def test_lines_of_another_form_are_passed_over(tmp_path, line):
    (tmp_path / "x.jsonl").write_text(line + "\n")
    log = AnswerLog(tmp_path)
    log.append("bo", answer(1))
    assert last_answers(read(tmp_path), "bo") == {1: "a"}
    assert "ann" not in read(tmp_path).people


def write_many(folder, name, texts):
    log = AnswerLog(folder)
    for text in texts:
        log.append(name, answer(text, "x" * 9_000))


def test_processes_that_write_for_one_person_and_for_two_lose_nothing(tmp_path):
    jobs = [("ann", range(0, 40)), ("ann", range(40, 80)), ("bo", range(40))]
    children = [start(write_many, tmp_path, name, texts) for name, texts in jobs]
    assert [exit_code(child) for child in children] == [0, 0, 0]
    log = read(tmp_path)
    assert set(last_answers(log, "ann")) == set(range(80)) and set(last_answers(log, "bo")) == set(range(40))


def cut_off(folder, file):
    with (folder / file_name("ann")).open("ab", buffering=0) as opened:
        opened.write(b'{"by": "ann", "do": "ans')
        sleep_at(file)


def test_a_writer_that_is_killed_in_the_middle_of_a_line_harms_nobody(tmp_path):
    log = AnswerLog(tmp_path)
    log.append("ann", answer(1))
    made = tmp_path / "made"
    kill_at(made, start(cut_off, tmp_path, made))
    log.append("ann", answer(2))
    assert last_answers(log, "ann") == last_answers(read(tmp_path), "ann") == {1: "a", 2: "a"}


def write_until_killed(folder, file):
    log = AnswerLog(folder)
    for text in range(5):
        log.append("ann", answer(text))
    file.touch()
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_append_has_written_is_there_after_a_kill(tmp_path):
    assert exit_code(start(write_until_killed, tmp_path, tmp_path / "made")) == -signal.SIGKILL
    assert set(last_answers(read(tmp_path), "ann")) == set(range(5))


def test_a_full_disk_is_one_sentence_and_the_answer_does_not_count(tmp_path):
    log = AnswerLog(tmp_path)
    log.append("ann", answer(1))
    (tmp_path / file_name("bo")).symlink_to("/dev/full")
    with pytest.raises(StorageError, match="room for an answer was expected, it is not kept: No space left"):
        log.append("bo", answer(2))
    assert list(read(tmp_path).people) == ["ann"]


def test_names_of_people_have_files_of_their_own():
    names = ["ann", "Ann", "an n", "../ann", "אן", "👍", "con", "a" * 40]
    files = {file_name(name) for name in names}
    assert len({file.lower() for file in files}) == len(names)
    assert all(len(file) < 60 and "/" not in file and file.isascii() for file in files)
    assert checked_name("  Ann\t B ") == "Ann B"
    assert checked_name("e\u0301") == checked_name("é")


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\0b", "\ud800", None, 3])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="A name of 1 to 40 characters was expected"):
        checked_name(name)


def test_files_are_readable_json(tmp_path):
    log = AnswerLog(tmp_path)
    log.append("Ann", Action(ActionKind.ANSWER, (1,), ((EMOJI,),), at=2.0, id="a1"))
    (line,) = (tmp_path / file_name("Ann")).read_text().splitlines()
    kept = {
        "by": "Ann",
        "do": "answer",
        "at": 2.0,
        "id": "a1",
        "texts": [1],
        "answers": [[[0, 2, "שם 👍"]]],
        "why": "chosen",
    }
    assert json.loads(line) == kept


def test_an_answer_to_a_project_that_is_gone_says_so(tmp_path):
    with pytest.raises(StorageError, match="somebody has deleted it"):
        AnswerLog(tmp_path / "gone" / "answers").append("ann", answer(1))
