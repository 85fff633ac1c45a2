"""A command in a process that was forked from one with its modules in memory, so that it need not import torch."""

import atexit
import json
import os
import socket
import sys
import traceback
from pathlib import Path

from mtl.cli.app import main
from mtl.runs.parent import ENDS_WITH_PARENT, end_with_parent


def run_command(connection: socket.socket) -> int:
    """Receive a command, run it, and return its exit status.

    Args:
        connection: brings one line of JSON: the arguments, the environment, and the path of a file for standard error.
            Standard output goes nowhere. The process ends when the connection does.
    """
    with connection.makefile("rb") as incoming:
        arguments, environment, said = json.loads(incoming.readline())
    os.environ.clear()
    os.environ.update(environment, **{ENDS_WITH_PARENT: "1"})
    with open(os.devnull, "wb") as nowhere, Path(said).open("ab") as errors:
        for source, place in ((connection, 0), (nowhere, 1), (errors, 2)):
            os.dup2(source.fileno(), place)
    end_with_parent()
    try:
        status = main(arguments)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stderr.flush()
    return status
