import os
import time

import psutil
import pytest

from demo import watching
from mtl.errors import RunError
from mtl.runs import Failed, RunFolder, RunState, Started, Status, runs_root


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    made = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    made.create()
    started = psutil.Process(os.getpid()).create_time()
    made.write_status(Status(RunState.RUNNING, os.getpid(), started, started, time.time(), 1, 10))
    return made


def test_the_mark_changes_with_events_log_and_stop_and_not_else(folder):
    marks = [watching.mark(folder), watching.mark(folder)]
    folder.append(Started(10, 5, ("topic",), 1, 2, "cpu", "fp32"))
    marks.append(watching.mark(folder))
    folder.log_file.write_text("hello")
    marks.append(watching.mark(folder))
    folder.request_stop()
    marks.append(watching.mark(folder))
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


def test_a_look_has_the_tasks_and_names_no_folder_of_this_machine(folder, tmp_path):
    folder.append(Started(10, 5, ("topic",), 1, 2, "cpu", "fp32"))
    folder.append(Failed(1, f"{tmp_path}/uploads/x/train.csv:3: a label was expected"))
    folder.log_file.write_text(f"run folder: {folder.path}")
    look = watching.look(folder)
    assert look.tasks == ("topic",)
    assert str(tmp_path) not in look.log
    assert look.events[1].message == "uploads/x/train.csv:3: a label was expected"
    assert not look.has_checkpoint


def test_no_status_is_no_run(tmp_path):
    with pytest.raises(RunError):
        watching.mark(RunFolder(tmp_path / "nothing"))
