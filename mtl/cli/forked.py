"""A command in a process that was forked from one with its modules in memory, so that it need not import torch."""

import atexit
import json
import os
import socket
import sys
import traceback

from mtl.cli.app import main
from mtl.memory import note_fork
from mtl.runs.parent import ENDS_WITH_PARENT, end_with_parent


def run_command(connection: socket.socket) -> int:
    """Receive a command, run it, and return its exit status.

    Args:
        connection: brings one line of JSON: the arguments, the environment, the path of a file for standard error,
            which exists, and the most bytes of data or null. Standard output goes nowhere. The process ends when the
            connection does, and does nothing where it has ended already.
    """
    try:
        with connection.makefile("rb") as incoming:
            arguments, environment, said, memory = json.loads(incoming.readline())
        if _has_ended(connection):
            return 1
        os.environ.clear()
        os.environ.update(environment, **{ENDS_WITH_PARENT: "1"})
        _redirect(connection, said)
        end_with_parent()
        note_fork()
        if memory is not None:
            _limit(memory)
        status = main(arguments)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()  # whoever forks ends a child without them
    sys.stderr.flush()
    return status


def _has_ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _redirect(connection: socket.socket, said: str) -> None:
    errors, nowhere = os.open(said, os.O_WRONLY | os.O_APPEND), os.open(os.devnull, os.O_WRONLY)
    for source, place in ((connection.fileno(), 0), (nowhere, 1), (errors, 2)):
        os.dup2(source, place)
    os.close(errors)
    os.close(nowhere)


def _limit(memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
