"""What children of the tests do; they have no part of pytest in memory."""

import os
import socket
import sys
import time

from mtl import memory


def echo(connection: socket.socket) -> int:
    """Answer with what came, and end with the status that stands at its end."""
    with connection.makefile("rb") as incoming:
        line = incoming.readline()
    connection.sendall(line.upper())
    return int(line.split()[-1])


def fail(connection: socket.socket) -> int:
    """A bug."""
    raise ZeroDivisionError


def peak(connection: socket.socket) -> int:
    """The peak of the memory, the number of threads, and whether a module came with the process."""
    memory.note_fork()
    threads = len(os.listdir("/proc/self/task"))
    connection.sendall(f"{memory.peak_memory()} {threads} {'scipy.optimize' in sys.modules}\n".encode())
    return 0


def stay(connection: socket.socket) -> int:
    """Say the own process id and never end."""
    connection.sendall(b"%d\n" % os.getpid())
    while True:
        time.sleep(60)
