"""What happens to servers, clocks and processes around runs: what the user sees, and that nothing is lost or stuck."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from demo.inputs import drafts
from demo.runs import limits, queue, status_of, turns
from demo.runs.stopping import Patience
from demo.runs.turns import TurnGiver
from demo.training.recipe_form import recipe_of
from mtl.cli.app import main
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, runs_root
from mtl.runs.lock import take_lock
from mtl.runs.processes import process_of, send_signal
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM
from tests.hardening.running import ENDS, FAKE, GENTLE, QUICK, Child, ended, page, reaches, trainer_of
from tests.waiting import until

Patch = pytest.MonkeyPatch
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)",
)
GREEDY = (sys.executable, "-c", "held = bytearray(40_000_000); import time; time.sleep(300)")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def recipe() -> Recipe:
    return recipe_of(FORM, drafts.built_in(), settings())


@pytest.mark.slow
def test_a_killed_server_leaves_its_run_alive_and_the_next_one_goes_on_with_the_queue(recipe: Recipe, tmp_path: Path):
    (tmp_path / "server.py").write_text(
        "from tests.hardening.running import page\n"
        "from tests.hardening.test_faults_around_runs import FORM, drafts, recipe_of, settings\n"
        "recipe = recipe_of(FORM, drafts.built_in(), settings())\n"
        "runs = page()\n"
        "print(*(runs.start(recipe, owner='ann').id for _ in range(2)), flush=True)\n"
        "input()\n"
    )
    server = subprocess.Popen(
        [sys.executable, str(tmp_path / "server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    live, queued = (RunFolder(runs_root() / name) for name in server.stdout.readline().decode().split())
    reaches(live, RunState.RUNNING)
    server.kill()
    server.communicate()
    assert status_of(live).state is RunState.RUNNING
    again = page()
    assert {run.id for run in again.runs("ann")} == {queued.id, live.id}
    assert status_of(queued).state is RunState.QUEUED
    again.stop(live.id, "ann")
    assert ended(live).state is RunState.STOPPED
    reaches(queued, RunState.RUNNING)
    again.stop(queued.id, "ann")
    assert ended(queued).state is RunState.STOPPED


def test_a_server_that_is_killed_while_it_starts_a_run_loses_it_not(recipe: Recipe):
    gone = page(max_live_runs=0)
    folder = gone.start(recipe, owner="ann")
    gone._turns.give = lambda: False
    assert queue.begin(folder)
    page()
    reaches(folder, RunState.RUNNING)
    folder.request_stop()
    ended(folder)


def test_two_servers_start_every_run_once_and_keep_to_the_limit_together(recipe: Recipe, monkeypatch: Patch):
    first = page(max_live_runs=0)
    folders = [first.start(recipe, owner="ann") for _ in range(8)]
    first._turns.give = lambda: False
    started: list[str] = []
    most: list[int] = []

    def launch(_program: object, _given: object, folder: RunFolder, lock: object, _settings: object) -> Child:
        started.append(folder.id)
        most.append(sum(one.is_held() for one in folders))
        return Child(0)

    monkeypatch.setattr(turns, "launch", launch)
    servers = [TurnGiver(dataclasses.replace(settings(), max_live_runs=3), FAKE, GENTLE) for _ in range(4)]
    monkeypatch.setattr(TurnGiver, "reap", lambda self: None)
    monkeypatch.setattr(TurnGiver, "_keep_giving", lambda self: None)
    threads = [threading.Thread(target=server.give) for server in servers for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == sorted(set(started))
    assert len(started) == 3 == max(most)


def test_a_server_that_holds_the_queue_for_ever_is_one_sentence_to_the_others(recipe: Recipe, monkeypatch: Patch):
    runs = page()
    monkeypatch.setattr("demo.runs.exclusive._LONGEST", 0.0)
    place = runs_root().parent / "queue"
    place.mkdir(parents=True)
    held = take_lock(place)
    with pytest.raises(RunError, match="Another server holds the queue"):
        runs.start(recipe, owner="ann")
    held.release()
    assert not runs_root().exists()
    ended(page(command=ENDS).start(recipe, owner="ann"))


@pytest.mark.parametrize("step", [-86_400.0, 3.0, 86_400.0])
def test_a_step_of_the_clock_changes_nothing(recipe: Recipe, monkeypatch: Patch, step: float):
    runs = page()
    folder = runs.start(recipe, owner="ann")
    reaches(folder, RunState.RUNNING)
    clock = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: clock() + step)
        patch.setattr("psutil.Process.create_time", lambda self: 1.0)
        assert status_of(folder).state is RunState.RUNNING
        with pytest.raises(RunError, match="still going on in process"):
            take_lock(folder.path)
        with pytest.raises(RunError, match="stop it first"):
            runs.delete(folder.id, "ann")
        runs.stop(folder.id, "ann")
        assert ended(folder).state is RunState.STOPPED


def test_a_halted_trainer_is_ended_and_the_next_run_has_its_turn(recipe: Recipe):
    runs = page(pace=QUICK)
    halted, waiting = (runs.start(recipe, owner="ann") for _ in range(2))
    reaches(halted, RunState.RUNNING)
    assert send_signal(trainer_of(halted), signal.SIGSTOP)
    runs.stop(halted.id, "ann")
    status = ended(halted)
    assert status.state is RunState.STOPPED
    assert status.message.startswith("it did not react to the request to stop and was ended")
    reaches(waiting, RunState.RUNNING)
    waiting.request_stop()
    ended(waiting)


def test_a_trainer_that_ignores_signals_is_killed(recipe: Recipe):
    runs = page(command=DEAF, pace=QUICK)
    folder = runs.start(recipe, owner="ann")
    until(lambda: "deaf" in folder.log_tail(), "a trainer that hears nothing")
    runs.stop(folder.id, "ann")
    assert ended(folder).state is RunState.STOPPED


def test_a_stop_outlives_the_server_that_was_asked(recipe: Recipe):
    runs = page(command=DEAF)
    folder = runs.start(recipe, owner="ann")
    until(lambda: "deaf" in folder.log_tail(), "a trainer that hears nothing")
    runs._turns.give = lambda: False
    runs.stop(folder.id, "ann")
    page(command=DEAF, pace=QUICK)
    assert ended(folder).state is RunState.STOPPED


def test_a_run_over_its_memory_has_failed_with_a_sentence(recipe: Recipe, monkeypatch: Patch):
    monkeypatch.setattr(limits, "_SUDDEN", 100.0)
    runs = page(command=GREEDY, pace=QUICK, max_run_memory_mb=30.0)
    folder = runs.start(recipe, owner="ann")
    status = ended(folder)
    assert status.state is RunState.FAILED
    assert status.message == "This run needed more than 30 MB of memory, the limit of this page."


def test_memory_taken_faster_than_the_page_looks_is_refused_by_the_system(recipe: Recipe):
    # The page sets the limit when the process is there already; a trainer imports for seconds before it needs memory.
    until_limited = (
        "import resource as r, time\nwhile r.getrlimit(r.RLIMIT_DATA)[0] == r.RLIM_INFINITY: time.sleep(0.01)"
    )
    waits = until_limited if sys.platform == "linux" else ""
    code = "try: held = bytearray(400_000_000)\nexcept MemoryError: print('refused', flush=True)"
    runs = page(command=(sys.executable, "-c", f"{waits}\n{code}"), max_run_memory_mb=100.0)
    folder = runs.start(recipe, owner="ann")
    ended(folder)
    if sys.platform == "linux":
        assert "refused" in folder.log_tail()


def test_a_server_that_is_about_to_start_a_run_gets_none_of_its_signals(recipe: Recipe):
    runs = page(max_live_runs=0, max_run_memory_mb=1.0, pace=QUICK)
    folder = runs.start(recipe, owner="ann")
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    lock = take_lock(folder.path)  # in the name of this process, which takes more memory than the run may
    try:
        assert folder.is_held()
        runs._turns.give()
        assert not received and not folder.stop_requested()
    finally:
        lock.release()
        signal.signal(signal.SIGTERM, before)
    runs.stop(folder.id, "ann")


def test_a_run_over_its_time_is_asked_then_ended_and_has_failed_with_a_sentence(recipe: Recipe, monkeypatch: Patch):
    monkeypatch.setattr(limits, "_BESIDE_STEPS", 0.0)
    runs = page(command=DEAF, pace=QUICK, max_minutes=1e-3)
    folder = runs.start(recipe, owner="ann")
    status = ended(folder)
    assert (status.state, status.message) == (
        RunState.FAILED,
        "This run took longer than 0.001 minutes, the limit of this page.",
    )


def test_a_process_with_a_recycled_id_gets_no_signal_and_is_no_run(recipe: Recipe):
    runs = page(command=ENDS, pace=dataclasses.replace(QUICK, patience=Patience(to_stop=0.0, to_end=0.0)))
    folder = runs.start(recipe, owner="ann")
    ended(folder)
    bystander = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        other = dataclasses.replace(process_of(bystander.pid), started=7.0)
        lock = take_lock(folder.path)
        lock.name_holder(other)  # held, and the record names the process that had this id before
        folder.request_stop("a limit")
        stopping = runs._turns._stopping
        until(lambda: runs._turns.give() and any(a.terminated for a in stopping._asked.values()), "SIGTERM to the run")
        runs._turns.give()  # SIGKILL, which is due at once
        lock.release()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.communicate()


def test_a_second_trainer_in_the_same_folder_is_refused(recipe: Recipe, capsys: pytest.CaptureFixture[str]):
    runs = page()
    folder = runs.start(recipe, owner="ann")
    reaches(folder, RunState.RUNNING)
    for arguments in (
        ["--resume", str(folder.path)],
        [str(folder.path / "request.yaml"), "--run-dir", str(folder.path)],
    ):
        assert main(["train", *arguments]) == 1
        assert "still going on in process" in capsys.readouterr().err
    runs.stop(folder.id, "ann")
    ended(folder)


def test_a_full_disk_at_the_start_keeps_the_run_waiting_until_there_is_room(recipe: Recipe, monkeypatch: Patch):
    launch, tries = turns.launch, iter([True, True])

    def full_twice(*values: object) -> object:
        if next(tries, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return launch(*values)

    monkeypatch.setattr(turns, "launch", full_twice)
    runs = page()
    folder = runs.start(recipe, owner="ann")
    reaches(folder, RunState.RUNNING)
    runs.stop(folder.id, "ann")
    assert ended(folder).state is RunState.STOPPED


@pytest.mark.parametrize("at", range(5))
def test_a_full_disk_when_a_run_is_asked_for_leaves_no_half_of_it(recipe: Recipe, monkeypatch: Patch, at: int):
    from mtl.runs import folder as folders

    writes, replace = iter(range(100)), folders.replace_file

    def full_at(file: Path, text: str) -> None:
        if next(writes) == at:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(file, text)

    runs = page(command=ENDS)
    for module in ("mtl.runs.folder", "demo.runs.visitors", "demo.runs.manager", "demo.runs.run_store"):
        monkeypatch.setattr(f"{module}.replace_file", full_at)
    with pytest.raises(OSError, match="No space left"):
        runs.compare(recipe, ["full"], owner="ann", address="1.2.3.4")
    assert not list(runs_root().iterdir())


def test_a_full_disk_when_a_run_is_resumed_leaves_it_as_it_was(recipe: Recipe, monkeypatch: Patch):
    runs = page(command=ENDS)
    folder = runs.start(recipe, owner="ann")
    ended(folder)

    def full(_folder: RunFolder) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(queue, "put", full)
        with pytest.raises(OSError, match="No space left"):
            runs.resume(folder.id, "ann")
    assert status_of(folder).state is RunState.DIED
    runs.resume(folder.id, "ann")
    ended(folder)
