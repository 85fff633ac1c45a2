"""Numbered requests, so that a slow answer never replaces the answer to a newer request."""


class LatestOnly:
    """The requests that one visitor made in one place of the page; only the latest one is answered.

    It lives in a `gr.State`, which copies it for every visitor.
    """

    def __init__(self) -> None:
        self._latest = 0

    @property
    def latest(self) -> int:
        """The number of the latest request; 0 before the first one."""
        return self._latest

    def begin(self) -> int:
        """The number of a new request; all earlier requests are out of date from now on."""
        self._latest += 1
        return self._latest

    def is_latest(self, number: int) -> bool:
        """Whether no request has come after this one."""
        return number == self._latest
