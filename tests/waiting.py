"""Waits end with the event that they are for; the ceiling is there for what hangs, and no machine is that slow."""

import time
from collections.abc import Callable
from typing import TypeVar

CEILING = 300.0  # seconds
_LOOK_EVERY = 0.02  # seconds

Found = TypeVar("Found")


def until(happened: Callable[[], Found], what: str) -> Found:
    """Look until something is there, and return it.

    Raises:
        AssertionError: it never came.
    """
    end = time.monotonic() + CEILING
    while not (found := happened()):
        assert time.monotonic() < end, f"{what} was expected, it did not come in {CEILING:.0f} s"
        time.sleep(_LOOK_EVERY)
    return found
