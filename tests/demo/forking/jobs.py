"""What children of the tests do; they have no part of pytest in memory."""

import os
import socket
import time


def echo(connection: socket.socket) -> int:
    """Answer with what came and the modules' process, and end with the status that was sent."""
    with connection.makefile("rb") as incoming:
        line = incoming.readline()
    connection.sendall(line.upper())
    return int(line.split()[-1])


def fail(connection: socket.socket) -> int:
    """A bug."""
    raise ZeroDivisionError


def stay(connection: socket.socket) -> int:
    """Say the own process id and never end."""
    connection.sendall(b"%d\n" % os.getpid())
    while True:
        time.sleep(60)
