import os
import time

import psutil
import pytest

from demo.runs.watching import Watcher, mark
from mtl.errors import RunError
from mtl.runs import Failed, RunFolder, RunState, Started, Status, Step, runs_root
from mtl.runs.events import to_json
from mtl.runs.lock import take_lock


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    made = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    made.create()
    started = psutil.Process(os.getpid()).create_time()
    made.write_status(Status(RunState.RUNNING, os.getpid(), started, started, time.time(), 1, 10))
    return made


def test_the_mark_changes_with_events_log_and_stop_and_not_else(folder):
    marks = [mark(folder), mark(folder)]
    folder.append(Started(10, 5, ("topic",), 1, 2, "cpu", "fp32"))
    marks.append(mark(folder))
    folder.log_file.write_text("hello")
    marks.append(mark(folder))
    folder.request_stop()
    marks.append(mark(folder))
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def test_a_look_has_the_tasks_and_names_no_folder_of_this_machine(folder, tmp_path):
    folder.append(Started(10, 5, ("topic",), 1, 2, "cpu", "fp32"))
    folder.append(Failed(1, f"{tmp_path}/uploads/x/train.csv:3: a label was expected"))
    folder.log_file.write_text(f"run folder: {folder.path}")
    look = Watcher().look(folder)
    assert look.tasks == ("topic",)
    assert str(tmp_path) not in look.log
    assert look.events[1].message == "train.csv:3: a label was expected"
    assert not look.has_checkpoint


def test_each_look_reads_only_what_was_added_and_leaves_half_a_line(folder):
    watcher = Watcher()
    folder.append(Started(10, 5, ("topic",), 1, 2, "cpu", "fp32"))
    assert len(watcher.events(folder)) == 1
    with folder.events_file.open("a") as file:
        file.write('{"kind": "failed", "step": 1, ')
        file.flush()
        assert len(watcher.events(folder)) == 1
        file.write('"message": "no", "time": 1.0}\n')
    assert [event.step for event in watcher.events(folder)] == [0, 1]


def test_a_resumed_run_that_forgot_steps_is_read_anew(folder):
    watcher = Watcher()
    for step in range(1, 6):
        folder.append(Step(step, 0.1, "topic", 1.0, 0.1, 1.0))
    assert len(watcher.events(folder)) == 5
    folder.drop_events_after(2, evaluated=0)
    folder.append(Step(3, 0.1, "topic", 9.0, 0.1, 1.0))
    assert [event.step for event in watcher.events(folder)] == [1, 2, 3]
    assert watcher.events(folder)[-1].loss == 9.0


def test_a_run_whose_events_are_in_another_file_of_the_same_inode_is_still_watched(folder):
    watcher = Watcher()
    for step in range(1, 4):
        folder.append(Step(step, 0.1, "topic", 1.0, 0.1, 1.0))
    assert len(watcher.look(folder).events) == 3
    inode = folder.events_file.stat().st_ino
    longer = "".join(to_json(Step(step, 0.123456, "another", 2.0, 0.1, 1.0)) + "\n" for step in range(1, 9))
    folder.events_file.write_text(longer)
    assert folder.events_file.stat().st_ino == inode
    assert [event.task for event in watcher.look(folder).events] == ["another"] * 8


def test_a_run_whose_last_event_was_cut_off_goes_on_and_says_so(folder):
    watcher = Watcher()
    folder.append(Step(1, 0.1, "topic", 1.0, 0.1, 1.0))
    with folder.events_file.open("a") as file:
        file.write('{"kind": "step", "ste')
    assert len(watcher.look(folder).events) == 1
    folder.append(Step(2, 0.2, "topic", 1.0, 0.1, 1.0))
    first, notice, second = watcher.look(folder).events
    assert (first.step, second.step) == (1, 2)
    assert "line 2 of events.jsonl was cut off" in notice.message


def test_a_live_runs_memory_is_that_of_its_process(folder):
    lock = take_lock(folder.path)
    assert Watcher().look(folder).memory > 1e6
    lock.release()


def test_no_status_is_no_run(tmp_path):
    with pytest.raises(RunError):
        mark(RunFolder(tmp_path / "nothing"))
