"""Whose turn it is in one place of the page, so that a slow answer never lands on top of a newer one."""


class LatestOnly:
    """The questions that one visitor asked in one place, numbered in the order in which they were asked.

    It lives in a `gr.State`, which copies it for every visitor.
    """

    def __init__(self) -> None:
        self._last = 0

    def begin(self) -> int:
        """The number of a new question; every earlier one is stale from now on."""
        self._last += 1
        return self._last

    def is_latest(self, number: int) -> bool:
        """Whether nothing was asked after this question."""
        return number == self._last
