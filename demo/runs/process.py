"""Processes that outlive the page: started in their own session, with their output in the run's log."""

import os
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from demo.forking import CannotFork
from demo.runs import fork_server
from demo.runs.limits import limit_memory, lower_priority
from demo.runs.shown import PROJECT
from demo.settings import Settings
from mtl.runs import RunFolder, Status
from mtl.runs.forked import GO, READY, Request
from mtl.runs.lock import INHERITED, RECORDED, Lock, holder
from mtl.runs.processes import Process, process_of, resident_bytes

_PATIENCE = 3.0  # seconds in which a child that can start at once has started


class Launched(Protocol):
    """The process of a run as the one that launched it sees it."""

    pid: int

    def poll(self) -> int | None:
        """An exit status when it has ended; asked again and again, so that no zombie is left."""


class ForkedRun:
    """A run that is the child of a fork server, and of this process if the server ends and this one adopts it."""

    def __init__(self, process: Process) -> None:
        self.pid, self._process = process.pid, process

    def poll(self) -> int | None:
        """As `Launched`; 0 where it was the child of another."""
        with suppress(ChildProcessError):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return os.waitstatus_to_exitcode(status) if pid else None
        return None if self._process.is_alive else 0


def launch(
    program: Sequence[str], arguments: Sequence[str], folder: RunFolder, lock: Lock, settings: Settings
) -> Launched:
    """Start a command that takes over the lock of its run, and append its output to the run's log.

    `python -m mtl` is forked from the process that has its modules in memory, where there is one.
    """
    if tuple(program) == fork_server.MTL and lock.is_real and fork_server.SERVER.is_ready:
        with suppress(CannotFork):
            return _fork(arguments, folder, lock, settings)
    with folder.log_file.open("ab") as log:
        child = subprocess.Popen(
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
            pass_fds=(lock.descriptor,) if lock.is_real else (),
            env={**os.environ, INHERITED: str(lock.descriptor) if lock.is_real else RECORDED},
        )
    _keep_low(child.pid, settings)
    lock.hand_over(process_of(child.pid))
    return child


def run_memory(folder: RunFolder, status: Status) -> int | None:
    """The memory of the processes of a run in bytes, or None if there are none."""
    found = holder(folder.path)
    if found is None:  # a run from before the locks
        return resident_bytes(process_of(status.pid)) if status.pid > 0 else None
    return resident_bytes(found.process) if folder.is_held() else None


def _fork(arguments: Sequence[str], folder: RunFolder, lock: Lock, settings: Settings) -> ForkedRun:
    """Raises CannotFork where there is no child that has begun."""
    folder.log_file.open("ab").close()
    request = Request(arguments, dict(os.environ), str(folder.log_file), lasts=True).line()
    child, server = None, fork_server.SERVER
    try:
        child = server.ask_lasting()
        # The lock is sent to a child that is there: in a message that nobody reads it would be held for ever.
        child.wait_for_start(_PATIENCE)
        assert child.pid is not None
        child.job.settimeout(_PATIENCE)
        socket.send_fds(child.job, [request[:1]], [lock.descriptor])
        child.job.sendall(request[1:])
        if child.job.recv(1) != READY:
            raise CannotFork("the child ended")
        _keep_low(child.pid, settings)
        started = process_of(child.pid)
        child.job.sendall(GO)
    except (OSError, CannotFork) as error:
        if isinstance(error, TimeoutError):
            server.distrust()
        if child is not None:
            child.kill()
        raise CannotFork("the process that children are forked from does not answer") from error
    finally:
        if child is not None:
            child.close()
    lock.hand_over(started)
    return ForkedRun(started)


def _keep_low(pid: int, settings: Settings) -> None:
    limit_memory(pid, settings)
    lower_priority(pid)
