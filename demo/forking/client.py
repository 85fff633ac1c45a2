"""The fork server as the page sees it: started when it is first needed, and again when it has ended."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Lock

from demo.forking.wire import STATUS

_PATIENCE = 60.0  # seconds in which `fork` waits for a server to import its modules and to fork
_PROJECT = Path(__file__).resolve().parents[2]


class CannotFork(Exception):
    """There is no child: the server that forks them ended, or does not answer."""


@dataclass(eq=False)
class Child:
    """A child that was asked for: the connection for its job and answer, and that for its process id and status."""

    job: socket.socket
    fate: socket.socket
    pid: int | None = None
    """None until `wait_for_start`."""

    @property
    def has_ended(self) -> bool:
        """Whether its status has come."""
        return bool(select([self.fate], [], [], 0)[0])

    def wait_for_start(self, seconds: float) -> None:
        """Wait until it is there.

        Raises:
            CannotFork: it will not be, since the server ended.
            TimeoutError: it is not yet.
        """
        if self.pid is None:
            self.pid = self._number(seconds)
            if self.pid is None:
                raise CannotFork("the process that children are forked from has ended")

    def status(self, seconds: float | None = None) -> int | None:
        """Its exit status, below 0 for a signal; None where the server ended first.

        Raises:
            TimeoutError: it lives on.
        """
        return self._number(seconds)

    def kill(self) -> None:
        """End it, unless it has ended: its number may be another process's by now.

        One that is still to come finds its connection closed.
        """
        with suppress(OSError):
            self.job.shutdown(socket.SHUT_RDWR)
        if self.pid is not None and not self.has_ended:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the connections."""
        self.job.close()
        self.fate.close()

    def _number(self, seconds: float | None) -> int | None:
        self.fate.settimeout(seconds)
        try:
            message = self.fate.recv(STATUS.size)
        except (TimeoutError, BlockingIOError) as error:
            raise TimeoutError from error
        except OSError:
            return None
        return int(STATUS.unpack(message)[0]) if len(message) == STATUS.size else None


class ForkServer:
    """Starts `demo.forking.server` and asks it for children; safe to share between threads.

    Args:
        target: what a child calls with the connection for its job, as `module:function`.
        modules: what children have in memory when they begin; none may start a thread that a child needs.
        environment: variables that the server has beside those of the page.
        idle_seconds: without children, after which the server ends; None to let it stay.
        started: called with the process id of a server that has just been started.
    """

    def __init__(
        self,
        target: str,
        modules: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        idle_seconds: float | None = None,
        started: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._arguments = target, json.dumps([list(modules), idle_seconds])
        self._environment = dict(environment or {})
        self._started, self._patience = started, _PATIENCE
        self._lock = Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ask(self) -> Child:
        """A child that starts as soon as the server can fork it; the caller closes it."""
        job, its_job = socket.socketpair()
        fate, its_fate = socket.socketpair()
        with its_job, its_fate:
            try:
                self._send(its_job, its_fate)
            except BaseException:
                job.close()
                fate.close()
                raise
        return Child(job, fate)

    @contextmanager
    def fork(self) -> Iterator[Child]:
        """A child that has started, which is ended when the caller fails.

        Raises:
            CannotFork: the server ended, or takes too long; the next child has a fresh one.
        """
        child = self.ask()
        try:
            try:
                child.wait_for_start(self._patience)
            except TimeoutError as error:
                self._forget()
                raise CannotFork("the process that children are forked from does not answer") from error
            except CannotFork:
                self._forget()
                raise
            yield child
        except BaseException:
            child.kill()
            raise
        finally:
            child.close()

    def _send(self, *connections: socket.socket) -> None:
        descriptors = [one.fileno() for one in connections]
        with self._lock:
            if self._control is not None and self.pid is not None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    socket.send_fds(self._control, [b"1"], descriptors)
                    return
            socket.send_fds(self._start(), [b"1"], descriptors)

    def _forget(self) -> None:
        """End a server that does not answer; the next child has a fresh one."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def _start(self) -> socket.socket:
        if self._control is not None:
            self._control.close()
        self._control, its = socket.socketpair()
        paths = dict.fromkeys([str(_PROJECT), *filter(None, sys.path)])
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo.forking.server", str(its.fileno()), *self._arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd=_PROJECT,
                env=os.environ | self._environment | {"PYTHONPATH": os.pathsep.join(paths)},
            )
        self._started(self._process.pid)
        return self._control
