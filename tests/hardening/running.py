"""Pages and runs to break: real trainers of a tiny model that wait at a phase, and stand-ins."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from demo.runs import RunManager, status_of, turns
from demo.runs.stopping import Patience
from demo.runs.turns import Pace
from demo.settings import Settings
from mtl.cli.app import main
from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, Status
from mtl.runs.lock import INHERITED, Lock, holder
from mtl.runs.processes import Process, process_of
from tests.demo.fakes import settings
from tests.mtl import processes
from tests.mtl.recipes import quick_recipe
from tests.waiting import until

FAKE = (sys.executable, "-m", "tests.demo.fake_run")
ENDS = (sys.executable, "-S", "-c", "raise SystemExit(3)")
QUICK = Pace(between=0.02, patience=Patience(to_stop=0.05, to_end=0.05))
GENTLE = Pace(between=0.02)


def page(*, command: Sequence[str] = FAKE, pace: Pace = GENTLE, **limits: object) -> RunManager:
    """A capped public page whose runs are `command`."""
    return RunManager(replace(settings(share=True), owner_runs=None, **limits), command=command, pace=pace)


def reaches(folder: RunFolder, *states: RunState) -> Status:
    """The status of a run once it is one of some states."""
    until(lambda: status_of(folder).state in states, f"a run that is {' or '.join(states)}")
    return status_of(folder)


def ended(folder: RunFolder) -> Status:
    """The status of a run that has ended, and whose process has."""
    status = reaches(folder, *(state for state in RunState if state.has_ended))
    until(lambda: not folder.is_held(), "the end of the process")
    return status


@dataclass
class Child:
    """A forked process, as `subprocess.Popen` is."""

    pid: int

    def poll(self) -> int | None:
        try:
            return None if os.waitpid(self.pid, os.WNOHANG)[0] == 0 else 0
        except ChildProcessError:
            return 0


class Trainers:
    """In place of `launch`: real trainers, forked so that nothing is imported anew.

    The first one prepares itself by `prepare`, those after it train as they are.
    """

    def __init__(self, prepare: Callable[[pytest.MonkeyPatch], None]) -> None:
        self._prepare: Callable[[pytest.MonkeyPatch], None] | None = prepare
        self.started: list[int] = []

    def __call__(
        self, program: Sequence[str], arguments: Sequence[str], folder: RunFolder, lock: Lock, page: Settings
    ) -> Child:
        prepare, self._prepare = self._prepare, None
        pid = os.fork()
        if pid == 0:
            _become_trainer(arguments, folder, lock, prepare)
        self.started.append(pid)
        until(lambda: os.getpgid(pid) == pid, "a group of its own")
        lock.hand_over(process_of(pid))
        return Child(pid)


def _become_trainer(
    arguments: Sequence[str], folder: RunFolder, lock: Lock, prepare: Callable[[pytest.MonkeyPatch], None] | None
) -> None:
    code = 1
    try:
        os.setsid()
        os.closerange(3, lock.descriptor)  # as if another program had been started: no lock but its own
        os.closerange(lock.descriptor + 1, 1024)
        processes.forget_signal_stack()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.environ[INHERITED] = str(lock.descriptor)
        log = os.open(folder.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        processes.end_if_stuck()
        sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)
        if prepare is not None:
            prepare(pytest.MonkeyPatch())
        code = main(list(arguments))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def trainer_of(run: RunFolder) -> Process:
    """The process of a run, which may do its first work before the page has written down who it is."""
    until(lambda: holder(run.path) is not None, "the name of the trainer in the lock")
    found = holder(run.path)
    assert found is not None
    return found.process


def training_page(monkeypatch: pytest.MonkeyPatch, prepare: Callable[[pytest.MonkeyPatch], None]) -> RunManager:
    """A page whose first run prepares itself so."""
    monkeypatch.setattr(turns, "launch", Trainers(prepare))
    return page(command=("mtl",), pace=QUICK, max_run_memory_mb=None)


def small_recipe(backbone: Path, folder: Path) -> Recipe:
    """A recipe of a tiny model whose backbone is frozen, and so cached."""
    return quick_recipe(
        backbone,
        folder,
        ("topic",),
        budget={"epochs": 20, "max_steps": 6, "batch_tokens": 64},
        evaluation={"every": 10},
        freezing={"preset": "heads_only"},
    )
