"""The process that children are forked from: it has their modules in memory, and one Python thread.

`multiprocessing` would import `app.py`, and with it gradio, in every child. The page talks to this process through a
socket: each message brings two file descriptors, one for the child's job and answer, one for its process id and status.
It ends with the page, or when nobody has asked for long, and its children end with it, but for those that are to last.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module

from demo.forking.wire import LASTS, READY, STATUS

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_DESCRIPTORS = 2  # in a message


def main(control: socket.socket, target: str, modules: Sequence[str], idle_seconds: float | None) -> None:
    """Fork a child for each message until the page is gone.

    Args:
        control: brings the messages.
        target: what a child calls with the connection for its job, as `module:function`; it returns an exit status.
        modules: imported before the first child.
        idle_seconds: without children and messages, after which the process ends; None to stay.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that of a terminal is for the page, which ends this process
    work = _imported(target, modules)
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake, selectors.EVENT_READ)
    gc.collect()
    gc.freeze()  # so that a child does not copy what it never changes
    children: dict[int, socket.socket] = {}
    lasting: set[int] = set()
    own = os.getpid()
    with suppress(OSError):
        control.send(READY)
    while True:
        found = selector.select(idle_seconds)
        if not found and not children:
            signal.set_wakeup_fd(-1)  # a signal that comes while the sockets are closed has no place to go
            return
        for key, _ in found:
            if key.fileobj is wake:
                wake.recv(4096)
                _reap(children)
                lasting &= children.keys()
                continue
            message, descriptors = _received(control)
            if not message:
                signal.set_wakeup_fd(-1)
                _end(children.keys() - lasting)
                return
            pid = _forked(descriptors)
            if pid is None:
                continue
            job, said = (socket.socket(fileno=one) for one in descriptors)
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for one in (control, wake, woken, said, *children.values()):
                    one.close()
                _become_child(work, job, None if message == LASTS else own, library)
            job.close()
            if message == LASTS:
                lasting.add(pid)
            children[pid] = said
            with suppress(OSError):
                said.send(STATUS.pack(pid))


def _imported(target: str, modules: Sequence[str]) -> Callable[[socket.socket], int]:
    for name in modules:
        import_module(name)
    place, _, name = target.partition(":")
    found: Callable[[socket.socket], int] = getattr(import_module(place), name)
    return found


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    """A message with its descriptors; empty where the page has gone."""
    try:
        message, descriptors, _, _ = socket.recv_fds(control, 1, _DESCRIPTORS)
    except ConnectionResetError:  # with what was said to it unread
        return b"", []
    return message, descriptors


def _forked(descriptors: Sequence[int]) -> int | None:
    """The process id of a new child, in the child 0; None where the system refuses it: the page reads that it ended."""
    if len(descriptors) == _DESCRIPTORS:
        with suppress(OSError):
            return os.fork()
    for one in descriptors:
        os.close(one)
    return None


def _become_child(
    work: Callable[[socket.socket], int], job: socket.socket, parent: int | None, library: ctypes.CDLL | None
) -> None:
    """Do the work and end; a child with a parent ends with it."""
    status = 1
    try:
        if parent is not None and library is not None:
            library.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if parent in (None, os.getppid()):  # else it ended before it could be followed
            status = work(job)
    finally:
        os._exit(status)


def _reap(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with children.pop(pid) as said, suppress(OSError):
            said.send(STATUS.pack(os.waitstatus_to_exitcode(status)))


def _end(children: Iterable[int]) -> None:
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], *json.loads(sys.argv[3]))
