"""Signing in with `--auth`: who is signed in, and a growing pause after wrong passwords."""

import time
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

_FREE = 3
"""Wrong passwords without a pause."""
_LONGEST = 300.0
"""Seconds."""
_FORGOTTEN = 900.0
"""Seconds after the end of a pause."""
_ADDRESSES = 10_000
_SIGNED_IN = 1_000
"""Sign-ins that are valid at once."""


class Throttle:
    """A pause for each address after wrong passwords: a second, then twice as long each time, up to five minutes.

    A right password does not count, but it forgives none of the wrong ones: they may have been for another user. They
    are forgotten after a quarter of an hour.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def seconds_left(self, address: str) -> float:
        """How long this address has to wait; 0 if it may try."""
        return max(0.0, self._wrong.get(address, (0, 0.0))[1] - self._clock())

    def begins(self, address: str) -> None:
        """Count an attempt, as a wrong one until `succeeded`, so that attempts at once do not escape the pause."""
        tries, until = self._wrong.pop(address, (0, 0.0))
        if self._clock() > until + _FORGOTTEN:
            tries = 0
        self._set(address, tries + 1)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Take the last attempt back."""
        tries, _ = self._wrong.pop(address, (1, 0.0))
        if tries > 1:
            self._set(address, tries - 1)

    def _set(self, address: str, tries: int) -> None:
        pause = min(_LONGEST, 2.0 ** (tries - _FREE)) if tries >= _FREE else 0.0
        self._wrong[address] = (tries, self._clock() + pause)


def is_signed_in(app: Any, cookies: str) -> bool:  # noqa: ANN401
    """Whether a request may be answered: no login is required, or its cookie is that of one.

    Args:
        app: Gradio's application, which keeps the sign-ins.
        cookies: the `Cookie` header.
    """
    if app.auth is None:
        return True
    try:
        jar = SimpleCookie(cookies)
    except CookieError:
        return False
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(name in jar and jar[name].value in app.tokens for name in names)


def forget_oldest(app: Any) -> None:  # noqa: ANN401
    """Keep the newest sign-ins only."""
    while len(app.tokens) > _SIGNED_IN:
        app.tokens.pop(next(iter(app.tokens)))
