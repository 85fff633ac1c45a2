import dataclasses
import sys
import time

import pytest

from demo import drafts
from demo.recipe_form import recipe_of
from demo.runs import RunManager
from mtl.errors import RunError
from mtl.runs import RunFolder, RunState, runs_root
from tests.demo.fakes import settings
from tests.demo.test_recipe_form import FORM

COMMAND = (sys.executable, "-m", "tests.demo.fake_run")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def recipe():
    return recipe_of(FORM, drafts.built_in(), settings())


def manager(**how) -> RunManager:
    return RunManager(settings(**how), command=COMMAND)


def ended(folder: RunFolder) -> RunState:
    deadline = time.monotonic() + 20
    while folder.read_status().state.is_live and time.monotonic() < deadline:
        time.sleep(0.05)
    return folder.read_status().state


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


def test_a_capped_page_runs_one_at_a_time_for_everyone(recipe):
    runs = manager(share=True)
    first = runs.start(recipe, owner="ann")
    with pytest.raises(RunError, match="Only one run"):
        runs.start(recipe, owner="ben")
    runs.stop(first.id, "ann")
    ended(first)
    second = runs.start(recipe, owner="ben")
    runs.stop(second.id, "ben")
    ended(second)


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


@pytest.mark.parametrize("run_id", ["../../etc", "..", "", "a/b", "nothing", "x" * 200])
def test_a_made_up_run_id_is_no_run(run_id):
    (runs_root() / "some").mkdir(parents=True)
    with pytest.raises(RunError):
        manager().get(run_id, "ann")


def test_training_off_is_refused_on_the_server(recipe):
    with pytest.raises(RunError, match="switched off"):
        manager(training="off").start(recipe, owner="ann")
    assert not runs_root().exists()


def test_a_process_that_dies_at_once_is_seen(recipe):
    folder = RunManager(settings(), command=(sys.executable, "-c", "raise SystemExit(3)")).start(recipe, owner="ann")
    assert ended(folder) is RunState.DIED


def test_a_public_page_keeps_the_newest_runs_only(recipe):
    page = dataclasses.replace(settings(share=True), kept_runs=2)
    runs = RunManager(page, command=(sys.executable, "-c", "raise SystemExit(3)"))
    started = []
    for _ in range(3):
        started.append(runs.start(recipe, owner="ann"))
        ended(started[-1])
    assert {run.id for run in runs.runs("ann")} == {folder.id for folder in started[1:]}
