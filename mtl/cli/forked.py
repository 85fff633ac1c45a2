"""A command in a process that was forked from one with its modules in memory, so that it need not import torch."""

import atexit
import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import mtl
from mtl.cli.app import main
from mtl.memory import note_fork
from mtl.runs.forked import GO, NO_DESCRIPTOR, READY, Request
from mtl.runs.lock import INHERITED
from mtl.runs.parent import ENDS_WITH_PARENT, end_with_parent


def run_command(connection: socket.socket) -> int:
    """Receive a `Request`, run it, and return its exit status; nothing is done where the connection has ended."""
    try:
        request, lock = Request.received(connection)
    except (EOFError, OSError):  # whoever asked has gone
        return 1
    try:
        if _has_ended(connection):
            return 1
        _take_environment(request.environment)
        sys.argv = [str(Path(mtl.__file__).with_name("__main__.py")), *request.arguments]
        note_fork()
        if request.lasts:
            if not _go_alone(connection, request.said, lock):
                return 1
        else:
            _stay_with(connection, request.said)
        if request.memory is not None:
            _limit(request.memory)
        status = main(request.arguments)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()  # whoever forks ends a child without them
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    return status


def _take_environment(wanted: Mapping[str, str]) -> None:
    """Take the variables that are wanted; those that the import of modules has set since the process began stay."""
    began = {entry.partition(b"=")[0] for entry in Path("/proc/self/environ").read_bytes().split(b"\0")}
    for name in list(os.environ):
        if os.fsencode(name) in began:
            del os.environ[name]
    os.environ.update(wanted)


def _has_ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _stay_with(connection: socket.socket, said: str) -> None:
    """End when the connection does; standard output goes nowhere."""
    errors, nowhere = os.open(said, os.O_WRONLY | os.O_APPEND), os.open(os.devnull, os.O_WRONLY)
    _redirect(connection.detach(), nowhere, errors)
    os.environ[ENDS_WITH_PARENT] = "1"
    end_with_parent()


def _go_alone(connection: socket.socket, said: str, lock: int) -> bool:
    """Become a process as one that was started by itself; False where it shall not begin."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log, nothing = os.open(said, os.O_WRONLY | os.O_APPEND), os.open(os.devnull, os.O_RDONLY)
    _redirect(nothing, log, log)
    if lock != NO_DESCRIPTOR:
        os.environ[INHERITED] = str(lock)
    with connection, suppress(OSError):
        connection.sendall(READY)
        return connection.recv(1) == GO
    return False


def _redirect(*descriptors: int) -> None:
    """Make descriptors standard input, output and error, and close those that were opened for it."""
    for place, one in enumerate(descriptors):
        os.dup2(one, place)
    for one in set(descriptors):
        os.close(one)


def _limit(memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
