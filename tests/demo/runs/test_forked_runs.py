"""Runs in children that have the modules of `mtl` in memory: as those in processes of their own."""

import ctypes
import dataclasses
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo.forking import ForkServer
from demo.runs import fork_server, process
from demo.runs.limits import lower_priority
from demo.runs.process import ForkedRun, launch
from mtl.runs import RunFolder, Status
from mtl.runs.forked import READY, Request
from mtl.runs.lock import holder, take_lock
from mtl.runs.processes import Process, send_signal
from tests.demo.fakes import settings
from tests.waiting import until

_ADOPT = 36  # PR_SET_CHILD_SUBREAPER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others start processes of their own")


@pytest.fixture
def server(monkeypatch):
    """A server that is ready and without torch; its children import what they need."""
    made = ForkServer("mtl.cli.forked:run_command", [], started=lower_priority)
    monkeypatch.setattr(fork_server, "SERVER", made)
    with made.fork() as child:
        child.kill()
    assert made.is_ready
    yield made
    made.end()


@pytest.fixture
def interrupts():
    """A program inherits that interrupts are ignored, as they are for jobs in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.path.mkdir()
    return made


@pytest.fixture
def endless(tmp_path):
    """The arguments of a run that waits for ever for its recipe; it is ended with the test."""
    path = tmp_path / "recipe.yaml"
    os.mkfifo(path)
    yield ["train", str(path)]
    held = holder(tmp_path / "run")
    if held is not None:
        send_signal(held.process, signal.SIGKILL)


def started(folder: RunFolder, arguments, **how) -> tuple[Process, bool]:
    """The process of a run, and whether it is a child of the server."""
    child = launch(
        fork_server.MTL,
        arguments,
        folder,
        take_lock(folder.path, named=False),
        dataclasses.replace(settings(), **how),
    )
    found = holder(folder.path)
    assert found is not None and child.pid == found.process.pid
    return found.process, isinstance(child, ForkedRun)


def test_it_leads_a_session_at_the_lowest_priority_and_holds_the_lock_until_it_ends(server, lowest, folder, endless):
    run, is_forked = started(folder, endless, max_run_memory_mb=4000.0)
    child = psutil.Process(run.pid)
    assert is_forked and child.ppid() == server.pid
    assert os.getsid(run.pid) == run.pid and child.nice() == 19
    assert Path(f"/proc/{run.pid}/autogroup").read_text().split()[-1] == "19"
    assert child.rlimit(psutil.RLIMIT_DATA) == (5_000_000_000, 5_000_000_000)
    places = {number: os.readlink(f"/proc/{run.pid}/fd/{number}") for number in range(3)}
    assert places == {0: os.devnull, 1: str(folder.log_file), 2: str(folder.log_file)}
    assert folder.is_held()
    assert send_signal(run, signal.SIGTERM)
    until(lambda: not folder.is_held(), "the end of the run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("is_ready", [True, False], ids=["forked", "own"])
@pytest.mark.usefixtures("interrupts")
def test_a_signal_ends_it_either_way(server, folder, endless, is_ready, number):
    if not is_ready:
        server.end()
    run, is_forked = started(folder, endless)
    assert is_forked == is_ready

    send_signal(run, number)
    until(lambda: not folder.is_held() and not run.is_alive, "the end of the run")


@pytest.mark.parametrize("arguments", [("trainn",), ("train", "none.yaml")])
def test_one_that_fails_says_the_same_either_way(server, folder, arguments):
    said = []
    for is_ready in (True, False):
        if not is_ready:
            server.end()
        folder.log_file.unlink(missing_ok=True)
        run, is_forked = started(folder, arguments)
        assert is_forked == is_ready
        until(lambda run=run: not run.is_alive and not folder.is_held(), "the end of the run")
        said.append(folder.log_file.read_text(encoding="utf-8"))
    assert said[0] == said[1] != ""


@pytest.mark.parametrize("ended", ["server", "page"])
def test_it_outlives_its_server_and_the_page(server, folder, endless, ended, tmp_path):
    if ended == "server":
        run, _ = started(folder, endless)
        server.end()
    else:
        page = subprocess.Popen([sys.executable, "-c", _PAGE, str(folder.path), endless[1]], stdout=subprocess.PIPE)
        assert page.stdout.readline() == b"ForkedRun\n"
        run = holder(folder.path).process
        forked_from = Process(psutil.Process(run.pid).ppid(), 0.0)
        page.kill()
        page.communicate()
        until(lambda: psutil.Process(run.pid).ppid() != forked_from.pid, "the end of the server")
    assert run.is_alive and folder.is_held()
    assert process.run_memory(folder, Status.__new__(Status)) > 0


_PAGE = """
import sys, time
from pathlib import Path
from demo.forking import ForkServer
from demo.runs import fork_server
from demo.runs.process import ForkedRun, launch
from mtl.runs import RunFolder
from mtl.runs.lock import take_lock
from tests.demo.fakes import settings
fork_server.SERVER = ForkServer("mtl.cli.forked:run_command", [])
with fork_server.SERVER.fork() as child:
    child.kill()
folder = RunFolder(Path(sys.argv[1]))
child = launch(fork_server.MTL, ["train", sys.argv[2]], folder, take_lock(folder.path, named=False), settings())
print(type(child).__name__, flush=True)
time.sleep(600)
"""


def test_others_that_come_from_the_server_end_with_it_and_do_not_hold_the_lock(server, folder, endless):
    run, _ = started(folder, endless)
    other = server.ask()
    other.wait_for_start(60)
    send_signal(run, signal.SIGKILL)
    until(lambda: not folder.is_held(), "the end of the run")
    assert psutil.pid_exists(other.pid)
    other.close()


def test_one_whose_server_does_not_answer_has_a_process_of_its_own_which_alone_holds_the_lock(
    server, folder, endless, monkeypatch
):
    monkeypatch.setattr(process, "_PATIENCE", 0.2)
    os.kill(server.pid, signal.SIGSTOP)
    run, is_forked = started(folder, endless)
    assert not is_forked and folder.is_held()
    send_signal(run, signal.SIGKILL)
    until(lambda: not folder.is_held(), "the end of the run, while the server is still stopped")
    assert not server.is_ready  # so that the next one does not wait for it
    os.kill(server.pid, signal.SIGCONT)
    until(lambda: not psutil.Process(server.pid).children(), "the end of the child that came late")
    assert not folder.is_held()


def test_one_whose_server_is_not_there_has_a_process_of_its_own_and_starts_none(server, folder, endless, monkeypatch):
    server.end()
    assert not server.is_ready
    monkeypatch.setattr(ForkServer, "is_ready", True)  # it ends in between
    _, is_forked = started(folder, endless)
    assert not is_forked and folder.is_held() and server.pid is None


@pytest.mark.parametrize("answer", [b"", b"x", None])
def test_a_child_that_is_not_told_to_go_does_nothing(folder, endless, answer):
    """As when the page is killed while it starts a run."""
    job, its = socket.socketpair()
    lock = take_lock(folder.path, named=False)
    folder.log_file.touch()
    request = Request(endless, dict(os.environ), str(folder.log_file), lasts=True).line()
    socket.send_fds(job, [request], [lock.descriptor])
    code = "import socket, sys\nfrom mtl.cli.forked import run_command\nsys.exit(run_command(socket.socket(fileno=%d)))"
    child = subprocess.Popen([sys.executable, "-c", code % its.fileno()], pass_fds=[its.fileno()])
    its.close()
    if answer:
        assert job.recv(1) == READY
        job.sendall(answer)
    elif answer is not None:
        until(lambda: select.select([job], [], [], 0)[0], "its word that it is ready")
    job.close()  # in the last case with that word unread
    assert child.wait() == 1
    assert folder.log_file.read_bytes() == b""


def test_a_large_environment_comes_whole(server, folder, endless, monkeypatch):
    monkeypatch.setenv("LARGE", "x" * 100_000)
    monkeypatch.setenv("LARGE_TOO", "x" * 100_000 + "é")
    run, is_forked = started(folder, endless)
    assert is_forked and run.is_alive


def test_one_that_this_process_adopts_leaves_no_zombie(server, folder, endless):
    """As where the page is the first process of a container."""
    library = ctypes.CDLL(None)
    library.prctl(_ADOPT, 1)
    try:
        lock = take_lock(folder.path, named=False)
        child = launch(fork_server.MTL, endless, folder, lock, settings())
        assert child.poll() is None
        server.end()
        until(lambda: psutil.Process(child.pid).ppid() == os.getpid(), "its adoption")
        assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        until(lambda: child.poll() is not None, "its end")
        assert not psutil.pid_exists(child.pid)
    finally:
        library.prctl(_ADOPT, 0)


def test_it_is_called_as_a_process_of_its_own_and_keeps_what_imports_have_set(tmp_path):
    """Trackers note `sys.argv`; a variable that a module sets when it is imported is not set again."""
    code = (
        "import os, socket, sys, threading\nfrom mtl.cli import forked\nos.environ['SET_BY_IMPORT'] = 'y'\n"
        "forked.main = lambda given: print(sys.argv[1:], os.environ.get('SET_BY_IMPORT'), os.environ.get('GONE'))\n"
        "job, its = socket.socketpair()\n"
        "job.sendall(forked.Request(['train', 'x.yaml'], {'HOME': '/'}, sys.argv[1], lasts=True).line())\n"
        "threading.Thread(target=lambda: job.sendall(forked.GO) if job.recv(1) else None).start()\n"
        "sys.exit(forked.run_command(its))"
    )
    log = tmp_path / "log"
    log.touch()
    environment = os.environ | {"GONE": "x"}
    subprocess.run([sys.executable, "-c", code, str(log)], env=environment, check=True, start_new_session=False)
    assert log.read_text() == "['train', 'x.yaml'] y None\n"


@pytest.mark.parametrize("moment", ["asked", "started"])
def test_one_whose_server_ends_in_between_has_a_process_of_its_own(server, folder, endless, moment, monkeypatch):
    pid, ask = server.pid, server.ask_lasting

    def ask_in_vain():
        if moment == "asked":
            os.kill(pid, signal.SIGSTOP)
        child = ask()
        if moment == "started":
            child.wait_for_start(60)
        os.kill(pid, signal.SIGKILL)
        if moment == "started":
            child.kill()
            os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(server, "ask_lasting", ask_in_vain)
    _, is_forked = started(folder, endless)
    assert not is_forked and folder.is_held()


def test_where_the_file_system_knows_no_locks_it_has_a_process_of_its_own(server, folder, endless, monkeypatch):
    monkeypatch.setattr("mtl.runs.lock._locked", lambda _: None)
    _, is_forked = started(folder, endless)
    assert not is_forked


def test_another_program_has_a_process_of_its_own(server, folder):
    lock = take_lock(folder.path, named=False)
    child = launch((sys.executable, "-c", "print('mine')"), (), folder, lock, settings())
    assert child.wait() == 0
    assert folder.log_file.read_text(encoding="utf-8") == "mine\n"


def test_a_log_that_cannot_be_written_is_told_before_anything_starts(server, folder, endless):
    folder.log_file.mkdir()
    lock = take_lock(folder.path, named=False)
    with pytest.raises(IsADirectoryError):
        launch(fork_server.MTL, endless, folder, lock, settings())
    lock.release()
    assert not folder.is_held()
