"""The process of a command: one of its own, or a child that has the modules of `mtl` in memory when it begins."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from demo.forking import CannotFork
from demo.runs import fork_server
from demo.runs.limits import limit_memory, lower_priority, sudden_memory
from demo.runs.shown import PROJECT
from demo.settings import Settings
from mtl.runs.forked import Request
from mtl.runs.parent import ending_with_parent

_ENDING = 10.0  # seconds in which a killed child ends
_IMPORTS = 120.0  # seconds in which a server imports its modules and forks
_FORKS = 30.0  # seconds in which one that has them forks, on a busy machine at the lowest priority


class CommandProcess(Protocol):
    """A process that ends with this one."""

    @property
    def pid(self) -> int | None:
        """None while it is still to come."""

    def wait(self, seconds: float) -> int:
        """Its exit status, below 0 for a signal.

        Raises:
            TimeoutError: it lives on.
            CannotFork: it will never come.
        """

    def kill(self) -> None:
        """End it, while another thread may be waiting for it."""

    def close(self) -> None:
        """End it if it has not ended, and wait for that."""


class OwnProcess:
    """A process of its own.

    Args:
        command: the whole command line.
        environment: its variables, whole.
        said: the file for standard error; standard output goes nowhere.
        settings: the limit of its memory; None sets none.
        computes: whether it takes the processors from others, and so runs at a low priority.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        said: Path,
        settings: Settings | None,
        computes: bool,
    ) -> None:
        with said.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=PROJECT,
                **ending_with_parent(environment),
            )
        if computes:
            lower_priority(self._process.pid)
        if settings is not None:
            limit_memory(self._process.pid, settings)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait(self, seconds: float) -> int:
        """As `CommandProcess`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error

    def kill(self) -> None:
        """As `CommandProcess`."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def close(self) -> None:
        """As `CommandProcess`."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class ForkedProcess:
    """A child for `python -m mtl` at a low priority, which need not import torch; arguments as of `OwnProcess`.

    Raises:
        CannotFork: this system, or its server, cannot.
    """

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], said: Path, settings: Settings | None
    ) -> None:
        if sys.platform != "linux":  # others have threads after the import of torch, which a fork would lose
            raise CannotFork(sys.platform)
        said.touch()
        request = Request(arguments, dict(environment), str(said), sudden_memory(settings))
        patience = _FORKS if fork_server.SERVER.is_ready else _IMPORTS
        self._child = fork_server.SERVER.ask()
        self._patience = time.monotonic() + patience
        try:
            self._child.job.sendall(request.line())
        except OSError as error:
            self._child.close()
            raise CannotFork("the process that children are forked from has ended") from error

    @property
    def pid(self) -> int | None:
        """As `CommandProcess`."""
        return self._child.pid

    def wait(self, seconds: float) -> int:
        """As `CommandProcess`."""
        end = time.monotonic() + seconds
        try:
            self._child.wait_for_start(seconds)
        except TimeoutError as error:
            if time.monotonic() > self._patience:
                raise CannotFork("the process that children are forked from does not answer") from error
            raise
        status = self._child.status(max(0.0, end - time.monotonic()))
        if status is None:  # it dies with the process it comes from, and can be done again
            raise CannotFork("the process that the child came from has ended")
        return status

    def kill(self) -> None:
        """As `CommandProcess`."""
        self._child.kill()

    def close(self) -> None:
        """As `CommandProcess`."""
        self._child.kill()
        if self._child.pid is not None:
            with suppress(TimeoutError):
                self._child.status(_ENDING)
        self._child.close()
