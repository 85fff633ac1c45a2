"""Whether work should stop, asked at many places of it: reading, tokenising, filling the cache, evaluating.

What does the work asks `check_stop()` between two parts of it, and knows nothing of runs or pages. Who wants to be able
to stop it says how to tell, for a block of code: `with stoppable(folder.stop_requested): ...`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class StopRequested(BaseException):
    """The work was asked to stop, and gives up what it has done so far; no error, so no handler of errors sees it."""


_should_stop: ContextVar[Callable[[], bool] | None] = ContextVar("should_stop", default=None)


@contextmanager
def stoppable(should_stop: Callable[[], bool]) -> Iterator[None]:
    """Let `check_stop` in this block raise as soon as the function returns True.

    The block must not contain a `yield` of a generator: its caller would work under the same rule.
    """
    token = _should_stop.set(should_stop)
    try:
        yield
    finally:
        _should_stop.reset(token)


def check_stop() -> None:
    """Go on, or raise where the work should stop.

    Raises:
        StopRequested: within `stoppable`, somebody asked the work to stop.
    """
    should_stop = _should_stop.get()
    if should_stop is not None and should_stop():
        raise StopRequested
