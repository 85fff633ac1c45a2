"""Run folders, as their process writes and everybody else reads them."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from mtl.errors import RunError
from mtl.runs import Failed, RunFolder, RunState, Saved, Status, home, new_run_id, runs_root
from mtl.runs.folder import process_is_alive


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.create()
    return run


def status_of(pid: int, started: float, state: RunState = RunState.RUNNING) -> Status:
    return Status(state, pid, started, started=100.0, training_began=100.0, updated=160.0, step=30, total_steps=120)


@pytest.fixture
def own_status() -> Status:
    return status_of(os.getpid(), psutil.Process().create_time())


@pytest.fixture(scope="module")
def dead() -> tuple[int, float]:
    """Id and start time of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(process.pid).create_time()
    process.communicate(b"\n")
    return process.pid, started


@pytest.mark.parametrize("state", list(RunState))
def test_a_status_comes_back_as_written(folder: RunFolder, own_status: Status, state: RunState):
    status = replace(own_status, state=state, best_score=0.5, best_step=3, message="Ünïcode")
    folder.write_status(status)
    assert folder.read_status() == status


def test_a_run_whose_process_is_gone_has_died(folder: RunFolder, dead: tuple[int, float]):
    for state in (RunState.STARTING, RunState.RUNNING):
        folder.write_status(status_of(*dead, state))
        found = folder.read_status()
        assert (found.state, found.message) == (RunState.DIED, "the process ended without finishing the run")


def test_a_run_whose_process_id_was_given_to_another_has_died(folder: RunFolder, own_status: Status):
    folder.write_status(replace(own_status, pid_started=own_status.pid_started - 3600))
    assert folder.read_status().state is RunState.DIED


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.STOPPED, RunState.FAILED])
def test_a_run_that_ended_in_order_has_not_died(folder: RunFolder, dead: tuple[int, float], state: RunState):
    folder.write_status(status_of(*dead, state))
    assert folder.read_status().state is state


def test_a_zombie_is_not_alive():
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    started = psutil.Process(process.pid).create_time()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert not process_is_alive(process.pid, started)
    process.wait()


def test_a_reader_never_sees_half_a_status(folder: RunFolder, own_status: Status):
    folder.write_status(own_status)
    ended = threading.Event()

    def write() -> None:
        for i in range(300):
            folder.write_status(replace(own_status, step=i, message="x" * (i * 37 % 5000)))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not ended.is_set():
        assert folder.read_status().state is RunState.RUNNING
        reads += 1
    writer.join()
    assert reads > 0
    assert {file.name for file in folder.path.iterdir()} == {"status.json"}


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "{}", '{"state": "bored"}', '{"state": "running", "more": 1}']
)
def test_a_folder_without_a_readable_status_is_no_run(folder: RunFolder, content: str | None):
    if content is not None:
        folder.status_file.write_text(content)
    with pytest.raises(RunError, match="a run folder with a readable status.json was expected"):
        folder.read_status()


def test_the_time_left_follows_the_pace(own_status: Status):
    assert own_status.seconds_left == pytest.approx(60 / 30 * 90)


@pytest.mark.parametrize("changes", [{"step": 0}, {"state": RunState.FINISHED}])
def test_no_time_is_left_before_the_first_step_and_after_the_last(own_status: Status, changes: dict[str, object]):
    assert replace(own_status, **changes).seconds_left is None


def test_events_come_back_in_order(folder: RunFolder):
    events = [Saved(i, "last", None, i) for i in range(5)]
    for event in events:
        folder.append(event)
    assert list(folder.events()) == events


def test_an_unfinished_last_line_waits_for_its_end(folder: RunFolder):
    events = [Failed(1, "Ünïcode 🙂"), Failed(2, "two")]
    for event in events:
        folder.append(event)
    whole = folder.events_file.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1]) + 1, 7):
        folder.events_file.write_bytes(whole[:-cut])
        assert list(folder.events()) == events[:1]
    folder.events_file.write_bytes(whole)
    assert list(folder.events()) == events


def test_a_folder_without_events_has_none(folder: RunFolder):
    assert list(folder.events()) == []


def test_an_event_of_another_version_is_refused(folder: RunFolder):
    folder.events_file.write_text('{"kind": "melted"}\n')
    with pytest.raises(RunError):
        list(folder.events())


def test_the_tail_of_the_log_is_its_last_lines(folder: RunFolder):
    assert folder.log_tail() == ""
    folder.log_file.write_text("\n".join(f"line {i}" for i in range(1000)) + "\n")
    assert folder.log_tail(3) == "line 997\nline 998\nline 999"


def test_a_log_that_is_not_utf8_is_shown_all_the_same(folder: RunFolder):
    folder.log_file.write_bytes(b"caf\xe9\n")
    assert folder.log_tail() == "caf\ufffd"


def test_a_request_to_stop_is_seen(folder: RunFolder):
    assert not folder.stop_requested()
    folder.request_stop()
    assert folder.stop_requested()


def test_a_folder_that_holds_a_run_is_not_made_again(folder: RunFolder):
    folder.append(Failed(1, "one"))
    with pytest.raises(RunError, match="a new folder was expected, this one holds a run"):
        folder.create()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file/run: the run folder cannot be made"):
        RunFolder(tmp_path / "file" / "run").create()


@pytest.mark.parametrize("name", ["..", ".hidden", "a b", "-x", "x" * 100, "ü"])
def test_a_name_that_no_run_has_is_refused(tmp_path: Path, name: str):
    with pytest.raises(RunError, match="a run folder is named by letters, digits, dots and dashes"):
        RunFolder(tmp_path / name)


def test_a_run_id_says_its_name_and_is_a_valid_folder(tmp_path: Path):
    identifier = new_run_id("My Recipe: Ünï & more " + "x" * 100)
    assert "-my-recipe-n-more-" in identifier
    assert RunFolder(tmp_path / identifier).id == identifier


def test_no_two_run_ids_are_equal():
    assert len({new_run_id("a") for _ in range(100)}) == 100


def test_a_name_without_letters_still_gives_an_id(tmp_path: Path):
    RunFolder(tmp_path / new_run_id("???"))


def test_runs_live_under_the_home_that_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "lab"))
    assert home() == tmp_path / "lab"
    assert runs_root() == tmp_path / "lab" / "runs"


def test_the_home_of_a_user_is_outside_the_checkout_and_temporary_folders(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MTL_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert home().is_absolute()
    assert not home().is_relative_to(Path(__file__).parents[3])
    assert not home().is_relative_to("/tmp")
