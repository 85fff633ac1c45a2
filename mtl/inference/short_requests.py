"""Short requests go before the batches of long ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

_MOST_SECONDS = 0.1  # so that a long request ends even where short ones never do


class ShortRequests:
    """Counts the short requests that wait or run; safe to share between threads.

    Args:
        most_seconds: how long a long request gives way before one of its batches.
    """

    def __init__(self, *, most_seconds: float = _MOST_SECONDS) -> None:
        self._changed = Condition()
        self._count = 0
        self._most_seconds = most_seconds

    @contextmanager
    def one(self) -> Iterator[None]:
        """A short request, from its arrival to its answer."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                if not self._count:
                    self._changed.notify_all()

    def give_way(self) -> None:
        """Wait until there is no short request, though not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, self._most_seconds)
