"""Whatever is wrong with one run, or happens once to the queue, the others have their turns."""

import dataclasses
import threading

import psutil
import pytest

from demo.inputs import drafts
from demo.runs import RunManager, status_of, turns
from demo.runs.run_store import presets_of
from demo.training.recipe_form import recipe_of
from mtl.errors import RunError
from mtl.runs import RunState
from tests.demo.fakes import NoThread, settings
from tests.demo.training.test_recipe_form import FORM
from tests.waiting import until

ERRORS = [
    OSError(11, "Resource temporarily unavailable"),
    RunError("a run folder was expected", path="/somewhere"),
    psutil.NoSuchProcess(7),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    KeyError("presets"),
    RuntimeError("can't start new thread"),
    MemoryError(),
]


class Child:
    def poll(self):
        return None


@pytest.fixture
def waiting(tmp_path, monkeypatch):
    """A page with three runs that wait, and no thread that gives them turns."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    page = RunManager(dataclasses.replace(settings(), max_live_runs=0))
    monkeypatch.setattr(page._turns, "_keep_giving", lambda: None)
    recipe = recipe_of(FORM, drafts.built_in(), settings())
    folders = [page.start(recipe, owner="ann") for _ in range(3)]
    page._turns.settings = dataclasses.replace(settings(), max_live_runs=3)
    return page, folders


def launching(fails_with, *, at: int, launched: list):
    """In place of `launch`: the run at a place in the queue cannot be started, the others are this process."""

    def launch(program, arguments, folder, lock, settings):
        launched.append(folder.id)
        if len(launched) == at + 1:
            raise fails_with
        return Child()

    return launch


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_run_that_cannot_be_started_has_failed_and_the_others_go_on(waiting, monkeypatch, error, at):
    page, folders = waiting
    launched = []
    monkeypatch.setattr(turns, "launch", launching(error, at=at, launched=launched))
    page._turns.give()
    assert launched == [folder.id for folder in folders]
    states = [status_of(folder).state for folder in folders]
    assert [state is RunState.FAILED for state in states] == [place == at for place in range(3)]
    assert status_of(folders[at]).message.startswith("the run could not be started: ")


@pytest.mark.parametrize("damage", ["status.json", "request.yaml", "lock"])
def test_a_run_whose_folder_is_damaged_does_not_stop_the_queue(waiting, monkeypatch, damage):
    page, folders = waiting
    (folders[0].path / damage).unlink(missing_ok=True)
    (folders[0].path / damage).mkdir()
    launched = []
    monkeypatch.setattr(turns, "launch", launching(RuntimeError(), at=9, launched=launched))
    page._turns.give()
    assert [status_of(folder).state for folder in folders[1:]] == [RunState.STARTING] * 2


def test_a_damaged_comparison_does_not_stop_the_queue(waiting, monkeypatch):
    page, folders = waiting
    (folders[0].path / "presets").write_bytes(b"\xff\xfe")
    with pytest.raises(RunError):
        presets_of(folders[0])
    monkeypatch.setattr(turns, "launch", launching(RuntimeError(), at=9, launched=[]))
    page._turns.give()
    assert [status_of(folder).state for folder in folders[1:]] == [RunState.STARTING] * 2
    listed = {run.id: run.state for run in page.runs("ann")}
    assert listed.keys() == {folder.id for folder in folders}
    assert listed[folders[0].id] is RunState.UNREADABLE


def test_a_comparison_with_a_damaged_run_is_still_listed(waiting):
    page, folders = waiting
    (folders[0].path / "presets").write_text("full")
    member = folders[0].path / "full-seed42"
    member.mkdir()
    (member / "status.json").write_text("{")
    assert folders[0].id in [run.id for run in page.runs("ann")]


def test_the_thread_outlives_what_happens_to_it(waiting, monkeypatch):
    page, folders = waiting
    done, listing = threading.Event(), turns.top_folders
    failures = iter([OSError("gone"), RuntimeError("odd")])

    def failing_twice():
        for error in failures:
            raise error
        return listing()

    def launch(program, arguments, folder, lock, settings):
        if folder.id == folders[-1].id:
            done.set()
        return Child()

    monkeypatch.setattr(turns, "top_folders", failing_twice)
    monkeypatch.setattr(turns, "launch", launch)
    again = turns.TurnGiver(page._turns.settings, ["never"], turns.Pace(between=0.01))
    assert again.give() is True
    assert done.wait(30)
    monkeypatch.setattr(turns, "top_folders", list)
    until(lambda: again._thread is None, "the end of the thread")


def test_without_room_for_a_thread_the_next_call_gives_the_turns(waiting, monkeypatch):
    page, _ = waiting
    page._turns._thread = None
    page._turns.settings = dataclasses.replace(settings(), max_live_runs=0)
    with monkeypatch.context() as patch:
        patch.setattr(turns, "Thread", NoThread)
        assert page._turns.give() is True
        assert page._turns._thread is None
    assert page._turns.give() is True
    assert page._turns._thread is not None


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_run_whose_limits_cannot_be_kept_stops_neither_the_queue_nor_its_own_end(waiting, monkeypatch, error):
    page, folders = waiting
    launched, ended = [], []
    live = folders[0]
    monkeypatch.setattr(turns, "launch", launching(None, at=-1, launched=launched))
    monkeypatch.setattr(turns, "is_live", lambda folder: folder.id == live.id)
    monkeypatch.setattr(turns, "processes_of", lambda folder: [7])
    monkeypatch.setattr(turns, "broken_limit", lambda process, settings: ("This run needed more.", True))
    monkeypatch.setattr(page._turns._stopping, "end_now", lambda folder: ended.append(folder.id))
    monkeypatch.setattr(page._turns._stopping, "look", lambda live: None)

    def refuse(folder, reason):
        raise error

    monkeypatch.setattr(turns, "request_stop", refuse)
    page._turns.give()
    assert ended == [live.id]
    assert folders[1].id in launched


def test_a_run_that_cannot_be_taken_from_the_queue_is_not_held_by_the_page(waiting, monkeypatch):
    page, folders = waiting
    launched, begin = [], turns.queue.begin

    def refuse(folder):
        if folder.id == folders[0].id:
            raise PermissionError(13, "Permission denied")
        return begin(folder)

    monkeypatch.setattr(turns, "launch", launching(None, at=-1, launched=launched))
    monkeypatch.setattr(turns.queue, "begin", refuse)
    page._turns.give()
    assert launched == [folder.id for folder in folders[1:]]
    assert not folders[0].is_held()
