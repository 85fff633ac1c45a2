"""The lock that a run's process holds on its folder."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mtl.errors import RunError
from mtl.runs import RunFolder, RunState, Status, lock
from mtl.runs.lock import INHERITED, holder, holding, inherited_lock, is_held, take_lock
from mtl.runs.processes import Process, own_process, process_of, resident_bytes, send_signal
from tests.waiting import until

_WAITS = "print('here', flush=True); input()"
_IMPORTS = "import sys; from pathlib import Path; from mtl.runs.lock import inherited_lock, take_lock; "
_HOLDS = f"{_IMPORTS} take_lock(Path(sys.argv[1])); {_WAITS}"
_INHERITS = f"{_IMPORTS} held = inherited_lock(Path(sys.argv[1])); {_WAITS}"
_HAS_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
child.wait()
"""


def waiting_process(code: str, *arguments: str, **how: object) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **how
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def ended(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.communicate()


def no_locks(_descriptor: int, _kind: int) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.fixture(params=["locks", "no locks"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a file system with locks, and on one without."""
    if request.param == "no locks":
        monkeypatch.setattr(lock.fcntl, "flock", no_locks)
    return tmp_path


def test_nobody_ever_took_the_lock_of_a_new_folder(folder: Path):
    assert is_held(folder) is None
    assert holder(folder) is None


def test_a_held_lock_says_by_whom_and_is_refused_to_a_second(folder: Path):
    with holding(folder):
        assert is_held(folder) is True
        assert holder(folder).process == own_process()
        with pytest.raises(
            RunError, match=rf"the run is still going on in process {os.getpid()} since \d\d ... [\d:]+"
        ):
            take_lock(folder)
    assert is_held(folder) is False
    take_lock(folder).release()


def test_a_killed_process_holds_nothing(folder: Path):
    child = waiting_process(_HOLDS, str(folder))
    try:
        assert is_held(folder) is True
    finally:
        ended(child)
    assert is_held(folder) is False
    take_lock(folder).release()


def test_those_who_look_do_not_stand_in_the_way(tmp_path: Path):
    with holding(tmp_path):
        pass
    looking = os.open(tmp_path / "lock", os.O_RDONLY)
    lock.fcntl.flock(looking, lock.fcntl.LOCK_SH)
    waits = iter([None])

    def looked(_seconds: float) -> None:
        next(waits)
        os.close(looking)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lock.time, "sleep", looked)
        take_lock(tmp_path).release()


def test_a_child_takes_a_lock_over_without_a_gap(tmp_path: Path):
    taken = take_lock(tmp_path)
    environment = {**os.environ, INHERITED: str(taken.descriptor)}
    child = waiting_process(_INHERITS, str(tmp_path), pass_fds=(taken.descriptor,), env=environment)
    taken.hand_over(process_of(child.pid))
    assert is_held(tmp_path)
    assert holder(tmp_path).process.pid == child.pid
    ended(child)
    assert not is_held(tmp_path)


@pytest.mark.parametrize("named", ["", "x", "999999", "0"])
def test_a_number_that_names_no_lock_of_this_folder_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    take_lock(tmp_path).release()
    monkeypatch.setenv(INHERITED, named)
    assert inherited_lock(tmp_path) is None


def test_a_run_lives_while_its_lock_is_held_whatever_its_status_and_the_clock_say(tmp_path: Path):
    run = RunFolder(tmp_path / "run")
    run.create()
    for pid, started in ((1, 0.0), (os.getpid(), 9e9), (2**30, -5.0)):
        run.write_status(Status(RunState.RUNNING, pid, started, started=1.0, updated=2.0))
        with holding(run.path):
            assert run.read_status().state is RunState.RUNNING
        assert run.read_status().state is RunState.DIED


def test_half_a_record_of_the_holder_hides_no_lock(tmp_path: Path):
    with holding(tmp_path):
        (tmp_path / "lock").write_text('{"pid": 3')
        assert is_held(tmp_path)
        with pytest.raises(RunError, match="going on in another process"):
            take_lock(tmp_path)


def test_a_process_whose_id_was_given_to_another_is_dead_and_gets_no_signal():
    child = waiting_process(_WAITS)
    real = process_of(child.pid)
    recycled = Process(child.pid, real.started - 1)
    assert real.is_alive
    assert not recycled.is_alive
    assert not send_signal(recycled, signal.SIGKILL)
    assert resident_bytes(recycled) is None
    assert child.poll() is None
    assert send_signal(real, signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert not real.is_alive
    assert not send_signal(real, signal.SIGTERM)


def test_a_signal_reaches_the_whole_group_and_its_memory_is_counted():
    child = subprocess.Popen([sys.executable, "-c", _HAS_CHILD], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    inner = process_of(int(child.stdout.readline()))
    leader = process_of(child.pid)
    assert resident_bytes(leader) > resident_bytes(inner)
    assert send_signal(leader, signal.SIGKILL)
    child.communicate()
    until(lambda: not inner.is_alive, "the end of the child's child")
