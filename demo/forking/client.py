"""The fork server as the page sees it: started when it is first needed, and again when it has ended."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from demo.forking.wire import ENDS, LASTS, READY, STATUS

_PATIENCE = 60.0  # seconds in which `fork` waits for a server to import its modules and to fork
_DISTRUSTED = 60.0  # seconds
_PROJECT = Path(__file__).resolve().parents[2]


class CannotFork(Exception):
    """There is no child: the server that forks them ended, or does not answer."""


class Child:
    """A child that was asked for. One thread may wait for it while others kill it.

    Args:
        job: the connection for its job and answer.
        said: the connection on which the server says its process id, and later its exit status.
    """

    def __init__(self, job: socket.socket, said: socket.socket) -> None:
        self.job, self._said = job, said
        self.pid: int | None = None
        """None until it has started."""
        self._status: int | None = None
        self._is_over = False  # it has ended, or the server has, or nobody waits any more
        self._lock = Lock()

    def wait_for_start(self, seconds: float) -> None:
        """Wait until it is there.

        Raises:
            CannotFork: it will not be, since the server ended.
            TimeoutError: it is not yet.
        """
        self._wait(lambda: self.pid is not None or self._is_over, seconds)
        if self.pid is None:
            raise CannotFork("the process that children are forked from has ended")

    def status(self, seconds: float | None = None) -> int | None:
        """Its exit status, below 0 for a signal; None where the server ended first.

        Raises:
            TimeoutError: it lives on.
        """
        self._wait(lambda: self._is_over, seconds)
        return self._status

    def kill(self) -> None:
        """End it if it has not ended; one that is still to come finds its connection closed."""
        with self._lock:
            while self._hear():
                pass
            if self._is_over:
                return
            with suppress(OSError):
                self.job.shutdown(socket.SHUT_RDWR)
            if self.pid is not None:  # the server reaps it no sooner than it says so
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._is_over = True
            self.job.close()
            self._said.close()

    def _wait(self, is_met: Callable[[], bool], seconds: float | None) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            with self._lock:
                while not is_met() and self._hear():
                    pass
                if is_met():
                    return
                listening = select.poll()
                listening.register(self._said, select.POLLIN)
            left = None if end is None else 1000 * max(0.0, end - time.monotonic())
            if not listening.poll(left):
                raise TimeoutError

    def _hear(self) -> bool:
        """Take the next message if there is one."""
        if self._is_over:
            return False
        try:
            message = self._said.recv(STATUS.size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            message = b""
        if len(message) < STATUS.size:
            self._is_over = True
        elif self.pid is None:
            (self.pid,) = STATUS.unpack(message)
        else:
            (self._status,) = STATUS.unpack(message)
            self._is_over = True
        return True


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
        self._has_modules, self._trusted_from = False, 0.0

    @property
    def pid(self) -> int | None:
        """The process id of the server, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def is_ready(self) -> bool:
        """Whether there is a server that has imported its modules, so that a child starts at once."""
        with self._lock:
            if self._control is None or self.pid is None or time.monotonic() < self._trusted_from:
                return False
            if not self._has_modules:
                with suppress(OSError):
                    self._has_modules = self._control.recv(1) == READY
            return self._has_modules

    def ask(self) -> Child:
        """A child that starts as soon as the server can fork it; the caller closes it."""
        return self._ask()[0]

    def ask_lasting(self) -> Child:
        """The same of a child that goes on when the server and the page end; no server is started for it.

        Raises:
            CannotFork: there is none.
        """
        return self._ask(lasts=True)[0]

    def distrust(self) -> None:
        """Take the server for one that is not ready for a while: it did not answer."""
        self._trusted_from = time.monotonic() + _DISTRUSTED

    @contextmanager
    def fork(self) -> Iterator[Child]:
        """A child that has started, which is ended when the caller fails.

        Raises:
            CannotFork: the server ended, or takes too long; the next child has a fresh one.
        """
        child, server = self._ask()
        try:
            try:
                child.wait_for_start(self._patience)
            except TimeoutError as error:
                self._end(server)
                raise CannotFork("the process that children are forked from does not answer") from error
            except CannotFork:
                self._end(server)
                raise
            yield child
        except BaseException:
            child.kill()
            raise
        finally:
            child.close()

    def end(self) -> None:
        """End the server with its children, but for those that last; the next child has a fresh one."""
        if self._process is not None:
            self._end(self._process)

    def _ask(self, *, lasts: bool = False) -> tuple[Child, subprocess.Popen[bytes]]:
        job, its_job = socket.socketpair()
        said, its_said = socket.socketpair()
        child = Child(job, said)
        with its_job, its_said:
            try:
                return child, self._send(its_job, its_said, lasts=lasts)
            except BaseException:
                child.close()
                raise

    def _send(self, *connections: socket.socket, lasts: bool) -> subprocess.Popen[bytes]:
        """Ask the server for a child, and return the server."""
        descriptors, kind = [one.fileno() for one in connections], LASTS if lasts else ENDS
        with self._lock:
            if self._control is not None and self._process is not None and self._process.poll() is None:
                try:
                    socket.send_fds(self._control, [kind], descriptors)
                except BlockingIOError:  # it has not read what was asked for long
                    self._process.kill()
                    self._process.wait()
                except (BrokenPipeError, ConnectionResetError):
                    pass
                else:
                    return self._process
            if lasts:
                raise CannotFork("there is no process that children are forked from")
            control, process = self._start()
            socket.send_fds(control, [kind], descriptors)
            return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            process.kill()
            process.wait()

    def _start(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        if self._control is not None:
            self._control.close()
        self._control, its = socket.socketpair()
        self._control.setblocking(False)
        self._has_modules, self._trusted_from = False, 0.0
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
        return self._control, self._process
