"""Runs of a comparison as real processes that import nothing anew."""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedWriter
from typing import Self, TextIO

import pytest

from mtl.cli.app import main
from mtl.comparing import compare
from tests.mtl import processes  # imports what a run needs

COMMAND = [sys.executable, "-m", "mtl"]


class Forked:
    """Stands for `subprocess.Popen` of `python -m mtl …`: a process of its own, forked from this one."""

    started: list[list[str]] = []

    def __init__(self, command: Sequence[str], *, stdout: BufferedWriter, **_: object) -> None:
        assert list(command[:3]) == COMMAND
        self.returncode: int | None = None
        Forked.started.append(list(command[3:]))
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(_child(command[3:], stdout.fileno()))

    def poll(self) -> int | None:
        """The exit status, once it has ended."""
        if self.returncode is None and (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.returncode is not None


def _child(arguments: Sequence[str], log: int) -> int:
    os.dup2(log, 1)
    os.dup2(log, 2)
    processes.end_if_stuck()
    printed: TextIO = os.fdopen(1, "w", buffering=1)
    sys.stdout = sys.stderr = printed
    try:
        return main(arguments)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        printed.flush()


@contextmanager
def forked() -> Iterator[list[list[str]]]:
    """The commands of all runs that a comparison starts; each is forked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Forked, "started", [])
        patch.setattr(sys.modules[compare.__module__].subprocess, "Popen", Forked)
        yield Forked.started


@pytest.fixture
def runs() -> Iterator[list[list[str]]]:
    with forked() as started:
        yield started
