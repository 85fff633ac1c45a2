import dataclasses
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from demo.inputs import drafts
from demo.runs import RunManager, status_of
from demo.runs.stopping import processes_of
from demo.runs.turns import Pace
from demo.training.recipe_form import recipe_of
from mtl.errors import RunError
from mtl.runs import RunFolder, RunState, runs_root
from mtl.runs.lock import take_lock
from mtl.runs.processes import process_of
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM
from tests.waiting import until

COMMAND = (sys.executable, "-m", "tests.demo.fake_run")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def recipe():
    return recipe_of(FORM, drafts.built_in(), settings())


PACE = Pace(between=0.02)


def manager(**how) -> RunManager:
    return RunManager(settings(**how), command=COMMAND, pace=PACE)


def reaches(folder: RunFolder, *states: RunState) -> RunState:
    until(lambda: status_of(folder).state in states, f"a run that is one of {', '.join(states)}")
    return status_of(folder).state


def ended(folder: RunFolder) -> RunState:
    return reaches(folder, *(state for state in RunState if state.has_ended))


def stop_all(runs: RunManager, *folders: RunFolder) -> None:
    for folder in folders:
        runs.stop(folder.id, "ann")
        ended(folder)


def test_a_run_starts_writes_its_log_and_ends(recipe):
    runs = manager()
    folder = runs.start(recipe, owner="ann")
    assert folder.read_status().state.is_live
    assert (folder.path / "request.yaml").is_file()
    folder.request_stop()
    assert ended(folder) is RunState.STOPPED
    assert "hello from" in folder.log_tail()
    assert [run.id for run in runs.runs("ann")] == [folder.id]
    assert runs.runs("ann")[0].title.startswith("topic-entities · ")


def test_stop_reaches_the_run(recipe):
    runs = manager(share=True)
    folder = runs.start(recipe, owner="ann")
    runs.stop(folder.id, "ann")
    assert ended(folder) is RunState.STOPPED


def test_a_run_outlives_its_manager(recipe):
    folder = manager(share=True).start(recipe, owner="ann")
    again = manager(share=True)
    assert again.get(folder.id, "ann").read_status().state.is_live
    again.stop(folder.id, "ann")
    assert ended(folder) is RunState.STOPPED


def test_what_finds_no_room_waits_and_begins_when_there_is_room(recipe):
    runs = manager(share=True)
    runs._settings = dataclasses.replace(runs._settings, owner_runs=3)
    first, second, third = (runs.start(recipe, owner="ann") for _ in range(3))
    assert [status_of(folder).state for folder in (second, third)] == [RunState.QUEUED] * 2
    assert [runs.waiting_before(folder.id, "ann") for folder in (second, third)] == [0, 1]
    runs.stop(third.id, "ann")
    assert status_of(third).state is RunState.STOPPED
    stop_all(runs, first)
    assert reaches(second, RunState.RUNNING) is RunState.RUNNING
    assert not third.log_file.exists()
    stop_all(runs, second)


def test_a_page_that_is_started_again_goes_on_with_the_queue(recipe):
    first_page = manager(share=True)
    first, second = (first_page.start(recipe, owner="ann") for _ in range(2))
    first_page._turns.give = lambda: False  # that page is gone
    first.request_stop()
    ended(first)
    assert status_of(second).state is RunState.QUEUED
    again = manager(share=True)
    assert reaches(second, RunState.RUNNING) is RunState.RUNNING
    stop_all(again, second)


def test_a_queue_that_is_full_takes_no_more(recipe):
    runs = RunManager(dataclasses.replace(settings(share=True), max_waiting_runs=1), command=COMMAND, pace=PACE)
    folders = [runs.start(recipe, owner="ann") for _ in range(2)]
    with pytest.raises(RunError, match="1 runs are already queued"):
        runs.start(recipe, owner="ben")
    stop_all(runs, *reversed(folders))


def test_a_stopped_run_goes_on_in_the_same_folder(recipe):
    runs = manager()
    folder = runs.start(recipe, owner="ann")
    with pytest.raises(RunError, match="can be resumed"):
        runs.resume(folder.id, "ann")
    reaches(folder, RunState.RUNNING)
    stop_all(runs, folder)
    runs.resume(folder.id, "ann")
    assert reaches(folder, RunState.RUNNING) is RunState.RUNNING
    stop_all(runs, folder)
    assert folder.log_tail().count("hello from") == 2
    assert f"--resume {folder.path}" in folder.log_tail()


def test_of_many_requests_to_resume_one_wins(recipe):
    runs = manager()
    folder = runs.start(recipe, owner="ann")
    reaches(folder, RunState.RUNNING)
    stop_all(runs, folder)
    together = Barrier(8)

    def resume() -> None:
        together.wait()
        runs.resume(folder.id, "ann")

    with ThreadPoolExecutor(8) as pool:
        errors = [one.exception() for one in [pool.submit(resume) for _ in range(8)]]
    assert sum(error is None for error in errors) == 1
    assert all(isinstance(error, RunError) for error in errors if error)
    reaches(folder, RunState.RUNNING)
    stop_all(runs, folder)


def test_a_comparison_is_listed_before_its_runs_which_are_the_owners_too(recipe):
    runs = manager(share=True)
    folder = runs.compare(recipe, ["full"], owner="ann")
    assert ended(folder) is RunState.FINISHED
    listed = runs.runs("ann")
    assert [(run.name, run.is_comparison) for run in listed] == [
        ("compare-topic-entities", True),
        ("full-seed42", False),
    ]
    assert listed[1].comparison == listed[0].id
    assert runs.get(listed[1].id, "ann").path.parent == folder.path
    with pytest.raises(RunError, match="no such run"):
        runs.get(listed[1].id, "ben")
    assert "--presets full" in folder.log_tail()


def test_a_run_is_renamed_and_deleted_by_its_owner_only_and_not_while_it_goes_on(recipe):
    runs = manager(share=True)
    folder = runs.start(recipe, owner="ann")
    runs.rename(folder.id, "ann", "  my <b>first</b> ")
    assert runs.runs("ann")[0].title.startswith("my <b>first</b> · ")
    for wrong in ("", " ", "x" * 61):
        with pytest.raises(RunError, match="1 to 60"):
            runs.rename(folder.id, "ann", wrong)
    with pytest.raises(RunError, match="stop it first"):
        runs.delete(folder.id, "ann")
    stop_all(runs, folder)
    for act in (runs.delete, lambda *who: runs.rename(*who, "mine"), runs.archive, runs.resume):
        with pytest.raises(RunError, match="no such run"):
            act(folder.id, "ben")
    runs.delete(folder.id, "ann")
    assert not folder.path.exists()
    assert runs.runs("ann") == []


def test_a_strangers_run_looks_like_no_run(recipe):
    runs = manager(share=True)
    folder = runs.start(recipe, owner="ann")
    for act in (runs.get, runs.stop):
        with pytest.raises(RunError, match="no such run"):
            act(folder.id, "ben")
        with pytest.raises(RunError, match="no such run"):
            act(folder.id, "")
    assert runs.runs("ben") == []
    assert "ann" not in (folder.path / "owner").read_text()
    runs.stop(folder.id, "ann")
    ended(folder)


def test_a_run_without_an_owner_is_nobodys_in_public_and_everybodys_at_home(recipe):
    folder = manager().start(recipe, owner="ann")
    folder.request_stop()
    ended(folder)
    (folder.path / "owner").unlink()
    assert manager(share=True).runs("") == []
    assert [run.id for run in manager().runs("ben")] == [folder.id]


@pytest.mark.parametrize("run_id", ["../../etc", "..", "", "a/b", "some/..", "some/best", "nothing", "x" * 200])
def test_a_made_up_run_id_is_no_run(run_id):
    (runs_root() / "some" / "best").mkdir(parents=True)
    with pytest.raises(RunError):
        manager().get(run_id, "ann")


def test_training_off_is_refused_on_the_server(recipe):
    with pytest.raises(RunError, match="switched off"):
        manager(training="off").start(recipe, owner="ann")
    assert not runs_root().exists()


def test_a_process_that_dies_at_once_is_seen(recipe):
    folder = RunManager(settings(), command=(sys.executable, "-c", "raise SystemExit(3)")).start(recipe, owner="ann")
    assert ended(folder) is RunState.DIED


def test_a_public_page_deletes_runs_by_their_age_and_nobodys_run_to_make_room(recipe):
    page = dataclasses.replace(settings(share=True), max_waiting_runs=100, owner_runs=100)
    runs = RunManager(page, command=(sys.executable, "-c", "raise SystemExit(3)"), pace=PACE)
    old = runs.start(recipe, owner="ann")
    ended(old)
    for _ in range(3):
        ended(runs.start(recipe, owner="ben"))
    assert [run.id for run in runs.runs("ann")] == [old.id]
    os.utime(old.status_file, (0, 0))
    folder = runs.start(recipe, owner="ben")
    ended(folder)
    assert runs.runs("ann") == []
    assert len(runs.runs("ben")) == 4


@pytest.mark.parametrize("act", ["start", "compare", "resume"])
def test_training_off_refuses_every_way_to_train(recipe, act):
    runs = manager(share=True)
    folder = runs.start(recipe, owner="ann")
    stop_all(runs, folder)
    closed = manager(training="off")
    acts = {
        "start": lambda: closed.start(recipe, owner="ann"),
        "compare": lambda: closed.compare(recipe, ["full"], owner="ann"),
        "resume": lambda: closed.resume(folder.id, "ann"),
    }
    with pytest.raises(RunError, match="switched off"):
        acts[act]()
    assert status_of(folder).state is RunState.STOPPED


def test_a_visitor_without_a_token_starts_nothing_on_a_private_page(recipe):
    with pytest.raises(RunError, match="keeps cookies"):
        manager(share=True).start(recipe, owner="")
    assert not runs_root().exists()


def test_a_process_that_ended_owns_no_run_though_its_lock_is_still_held(tmp_path):
    # The lock names a child that ended before anybody could see when it had begun.
    folder = RunFolder(tmp_path / "run")
    folder.create()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    lock = take_lock(folder.path, named=False)
    lock.name_holder(process_of(child.pid))
    assert folder.is_held()
    assert list(processes_of(folder)) == []
    lock.release()
