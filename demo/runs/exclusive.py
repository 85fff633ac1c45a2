"""Several pages on one home: only one at a time changes the queue."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mtl.errors import RunError
from mtl.runs import home
from mtl.runs.lock import Lock, take_lock

_LOOK_EVERY = 0.01  # seconds
_LONGEST = 10.0  # seconds; whoever changes the queue needs milliseconds


@contextmanager
def queue_lock() -> Iterator[bool]:
    """Hold the queue, if no other page does: False then, and its turn is the other's."""
    lock = _taken()
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


@contextmanager
def holding_queue() -> Iterator[None]:
    """Hold the queue, and wait for another page that does.

    Raises:
        RunError: the other page does not give it up.
    """
    end = time.monotonic() + _LONGEST
    while (lock := _taken()) is None:
        if time.monotonic() > end:
            raise RunError("Another server holds the queue of runs; try again later.")
        time.sleep(_LOOK_EVERY)
    try:
        yield
    finally:
        lock.release()


def _taken() -> Lock | None:
    folder = home() / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return take_lock(folder, named=False)
    except RunError:
        return None
