"""Commands in children that have the modules of `mtl` in memory: as those in processes of their own."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from demo.forking import ForkServer
from demo.runs import command_process, fork_server, limits
from demo.runs.command_process import ForkedProcess, OwnProcess
from demo.runs.commands import Command, Work
from demo.runs.limits import lower_priority
from mtl.errors import RunError
from mtl.folders import files_in
from mtl.runs import home
from mtl.runs.processes import process_of
from tests.demo.fakes import settings
from tests.waiting import CEILING, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others start processes of their own")


_SPY = """
import importlib, sys, torch
asked = []
for name in ("_lazy_init", "device_count", "init", "is_available"):
    setattr(torch.cuda, name, lambda *_, name=name, **__: asked.append(name) or 0)
for name in sys.argv[1:]:
    importlib.import_module(name)
sys.exit(", ".join(asked) or 0)
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server without torch, which is ready sooner; its commands import what they need."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    made = ForkServer("mtl.cli.forked:run_command", [], started=lower_priority)
    monkeypatch.setattr(fork_server, "SERVER", made)
    yield made
    made.end()


@pytest.fixture
def endless(server, tmp_path):
    """The arguments of a command that waits for ever for its recipe."""
    path = tmp_path / "recipe.yaml"
    os.mkfifo(path)
    return ["plan", str(path)]


def _files() -> list[Path]:
    """What commands have left."""
    return list(files_in(home() / "answers"))


def _started(command: Command) -> psutil.Process:
    command._process._child.wait_for_start(CEILING)
    return psutil.Process(command._process.pid)


@pytest.mark.parametrize("arguments", [("plann", "x"), ("plan",), ("plan", "a", "--d"), ("x" * 50_000,)])
def test_a_command_that_fails_says_the_same_either_way(server, arguments):
    said = []
    for work, kind in ((Work.TORCH, ForkedProcess), (Work.COMPUTES, OwnProcess)):
        command = Command(arguments, work=work)
        assert isinstance(command._process, kind)
        with pytest.raises(RunError) as caught:
            command.answer(seconds=CEILING)
        said.append(str(caught.value))
    assert said[0] == said[1] != ""
    assert not _files()


@pytest.mark.parametrize("work", [Work.WAITS, Work.COMPUTES])
def test_a_command_without_torch_has_a_process_of_its_own(server, work):
    command = Command(["push", "none", "a/b"], work=work)
    assert isinstance(command._process, OwnProcess) and server.pid is None
    command.cancel()
    assert command.answer(seconds=CEILING) is None


@pytest.mark.usefixtures("lowest")
def test_a_child_has_the_environment_of_the_call_and_the_lowest_priority(endless, monkeypatch, tmp_path):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "other"))
    command = Command(endless, work=Work.TORCH)
    child = _started(command)
    own = str(tmp_path / "other")
    until(lambda: any(own in file.path for file in child.open_files()), "the file of its errors")
    assert child.nice() == 19
    command.cancel()
    assert command.answer(seconds=CEILING) is None
    until(lambda: not child.is_running(), "the end of the child")


def test_one_that_is_cancelled_before_it_begins_never_does(server, endless):
    first = Command(endless, work=Work.TORCH)
    _started(first)
    os.kill(server.pid, signal.SIGSTOP)
    second = Command(endless, work=Work.TORCH)
    second.cancel()
    assert second.answer(seconds=CEILING) is None
    os.kill(server.pid, signal.SIGCONT)
    third = Command(endless, work=Work.TORCH)
    _started(third)
    kept = {first._process.pid, third._process.pid}
    until(lambda: {child.pid for child in psutil.Process(server.pid).children()} == kept, "the end of the second")
    for command in (first, third):
        command.cancel()
        assert command.answer(seconds=CEILING) is None
    assert not _files()


@pytest.mark.parametrize("work", Work)
def test_one_that_has_ended_may_be_cancelled(server, work):
    command = Command(["plann"], work=work)
    with pytest.raises(RunError):
        command.answer(seconds=CEILING)
    command.cancel()


def test_one_whose_server_ends_while_it_is_asked_gets_a_process_of_its_own(server, monkeypatch):
    ask = server.ask

    def ask_in_vain():
        child = ask()
        server.end()
        return child

    monkeypatch.setattr(server, "ask", ask_in_vain)
    command = Command(["plann"], work=Work.TORCH)
    with pytest.raises(RunError, match="No such command 'plann'"):
        command.answer(seconds=CEILING)
    assert not _files()


def test_one_whose_server_does_not_answer_gets_a_process_of_its_own(server, endless, monkeypatch):
    first = Command(endless, work=Work.TORCH)
    _started(first)
    monkeypatch.setattr(command_process, "_FORKS", 0.1)
    os.kill(server.pid, signal.SIGSTOP)
    with pytest.raises(RunError, match="No such command 'plann'"):
        Command(["plann"], work=Work.TORCH).answer(seconds=CEILING)
    os.kill(server.pid, signal.SIGCONT)
    until(lambda: len(psutil.Process(server.pid).children()) == 1, "the end of the child that came late")
    first.cancel()
    assert first.answer(seconds=CEILING) is None
    assert not _files()


def test_one_whose_server_ends_before_it_begins_gets_a_process_of_its_own(server, endless):
    first = Command(endless, work=Work.TORCH)
    _started(first)
    os.kill(server.pid, signal.SIGSTOP)
    second = Command(["plann"], work=Work.TORCH)
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(RunError, match="No such command 'plann'"):
        second.answer(seconds=CEILING)
    with ThreadPoolExecutor() as pool:  # the one that had begun begins anew
        answer = pool.submit(first.answer, seconds=CEILING)
        until(lambda: isinstance(first._process, OwnProcess), "a process of its own")
        first.cancel()
        assert answer.result() is None
    assert not _files()


@pytest.mark.slow
def test_one_that_is_killed_says_so_and_leaves_nothing(endless):
    for work in (Work.TORCH, Work.COMPUTES):
        command = Command(endless, work=work)
        with pytest.raises(TimeoutError):
            command._process.wait(0.5 if work is Work.COMPUTES else 5)
        command._answer.with_name(f".{command._answer.name}.7.8").write_text("{")
        os.kill(command._process.pid, signal.SIGKILL)
        with pytest.raises(RunError, match=r"^This was ended by the system, or .* Try again\.$"):
            command.answer(seconds=CEILING)
        assert not _files()


@pytest.mark.parametrize("work", Work)
def test_one_that_cannot_be_started_leaves_nothing(server, monkeypatch, work):
    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(server, "ask", refuse)
    monkeypatch.setattr(command_process.subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        Command(["plann"], work=work)
    assert not _files()


def test_one_that_lasts_too_long_or_needs_too_much_memory_is_ended(endless, monkeypatch):
    command = Command(endless, work=Work.TORCH)
    _started(command)
    with pytest.raises(RunError, match="longer than"):
        command.answer(seconds=0.01)
    monkeypatch.setattr(limits, "_SUDDEN", 1e6)
    page = dataclasses.replace(settings(), max_run_memory_mb=1.0)
    with pytest.raises(RunError, match="^This needed more than 1 MB of memory, the limit of this page.$"):
        Command(endless, work=Work.TORCH, settings=page).answer(seconds=CEILING)


def test_the_system_refuses_it_memory_over_the_limit(endless):
    command = Command(endless, work=Work.TORCH, settings=dataclasses.replace(settings(), max_run_memory_mb=4000.0))
    child, limit = _started(command), (5_000_000_000, 5_000_000_000)
    until(lambda: child.rlimit(psutil.RLIMIT_DATA) == limit, "the limit of its memory")
    command.cancel()
    assert command.answer(seconds=CEILING) is None


@pytest.mark.slow
def test_what_children_begin_with_has_asked_no_gpu():
    done = subprocess.run([sys.executable, "-c", _SPY, *fork_server.MODULES], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_ends_with_the_page(endless):
    code = (
        "import sys, time\nfrom demo.forking import ForkServer\nfrom demo.runs import fork_server\n"
        "from demo.runs.commands import Command, Work\n"
        "fork_server.SERVER = ForkServer('mtl.cli.forked:run_command', [])\n"
        "command = Command(['plan', sys.argv[1]], work=Work.TORCH)\ncommand._process._child.wait_for_start(600)\n"
        "print(command._process.pid, flush=True)\ntime.sleep(600)"
    )
    page = subprocess.Popen([sys.executable, "-c", code, endless[1]], stdout=subprocess.PIPE)
    command = process_of(int(page.stdout.readline()))
    page.kill()
    page.communicate()
    until(lambda: not command.is_alive, "the end of the command")
