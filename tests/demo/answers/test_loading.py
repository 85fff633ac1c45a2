"""How the page loads a model that was not prepared."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.answers import loading
from demo.forking import ForkServer
from demo.runs import fork_server
from demo.runs.commands import Command
from mtl.errors import RunError
from mtl.inference.autotune.machine import machine_key
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.options import EngineOptions
from mtl.inference.source import STARTER, find_model
from tests.tiny import save_backbone
from tests.waiting import CEILING

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others start processes of their own")
_ASKED = ("fp32", "openvino")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """A server that has not been started; its commands import what they need."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    made = ForkServer("mtl.cli.forked:run_command", [])
    monkeypatch.setattr(fork_server, "SERVER", made)
    yield made
    made.end()


@pytest.fixture
def own_processes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The models that a process of its own would have prepared."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(loading, "prepare_in_subprocess", lambda *each: asked.append(each))
    return asked


def _start(server: ForkServer) -> None:
    with server.fork() as child:
        child.kill()
    assert server.is_ready


@pytest.mark.slow
def test_it_is_prepared_in_a_child_where_one_can_be_forked(server, own_processes, tmp_path, monkeypatch):
    model = save_backbone("bert", tmp_path / "a model")
    _start(server)
    monkeypatch.setattr(loading, "_PATIENCE", CEILING)
    loading._prepare(str(model), *_ASKED)
    prepared = PreparedFolder(find_model(str(model)).fingerprint())
    key = machine_key(EngineOptions.parse(precision=_ASKED[0], backend=_ASKED[1], long_texts=None).key)
    choice = prepared.choice(key)
    assert choice is not None and (choice.precision, choice.backend) == _ASKED
    assert not own_processes


def test_where_none_can_be_forked_a_process_of_its_own_does_it(server, own_processes, tmp_path):
    loading._prepare(str(tmp_path), *_ASKED)
    assert own_processes == [(str(tmp_path), *_ASKED)]
    assert server.pid is None


def test_what_is_no_folder_is_prepared_in_a_process_of_its_own(server, own_processes, tmp_path, monkeypatch):
    """The name of a model on the Hub may look like an option, and `starter` is that of the package."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / STARTER).mkdir()
    _start(server)
    for name in (STARTER, "--help/model"):
        loading._prepare(name, *_ASKED)
    assert own_processes == [(STARTER, *_ASKED), ("--help/model", *_ASKED)]


def test_without_room_for_the_answer_a_process_of_its_own_does_it(server, own_processes, tmp_path):
    _start(server)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "answers").touch()
    loading._prepare(str(tmp_path), *_ASKED)
    assert own_processes == [(str(tmp_path), *_ASKED)]


def test_on_a_machine_too_busy_for_the_child_a_process_of_its_own_does_it(server, own_processes, tmp_path, monkeypatch):
    _start(server)
    monkeypatch.setattr(loading, "_PATIENCE", 0.0)
    loading._prepare(str(tmp_path), *_ASKED)
    assert own_processes == [(str(tmp_path), *_ASKED)]


def test_where_the_child_is_killed_a_process_of_its_own_does_it(server, own_processes, tmp_path, monkeypatch):
    def killed(self: Command, **_: object) -> None:
        self.status = -signal.SIGKILL
        raise RunError("The command ended with status -9.")

    _start(server)
    monkeypatch.setattr(Command, "answer", killed)
    loading._prepare(str(tmp_path), *_ASKED)
    assert own_processes == [(str(tmp_path), *_ASKED)]


def test_what_is_wrong_with_a_model_is_left_to_whoever_loads_it(server, own_processes, tmp_path):
    _start(server)
    loading._prepare(str(tmp_path), *_ASKED)
    assert not own_processes
