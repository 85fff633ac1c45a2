"""Numbered requests, so that a slow answer never replaces the answer to a newer request."""

from math import isfinite


def number_of(sent: object) -> int | None:
    """The number of a request as the browser sent it; None for anything else, which a program may send."""
    return int(sent) if isinstance(sent, int | float) and isfinite(sent) else None


class LatestOnly:
    """The requests that one visitor made in one place of the page; only the latest one is answered.

    It lives in a `gr.State`, which copies it for every visitor.
    """

    def __init__(self) -> None:
        self._latest = 0
        self.is_wanted = False
        """Whether the visitor has seen this place, so that what was dropped there is asked for again."""

    @property
    def latest(self) -> int:
        """The number of the latest request; 0 before the first one."""
        return self._latest

    def begin(self, number: int | None = None) -> int:
        """The number of a new request; all requests with a smaller number are out of date from now on.

        Args:
            number: the place of the request in the order in which the browser sent them, since a queue may change the
                order. Without it the request is newer than all others.
        """
        number = self._latest + 1 if number is None else number
        self._latest = max(self._latest, number)
        return number

    def is_latest(self, number: int) -> bool:
        """Whether no request has come after this one."""
        return number == self._latest
