"""How long a run has taken and how fast it goes."""

import time
from collections import deque

_STEPS = 20  # over which the pace is averaged


class RunClock:
    """Counts the seconds of a run, interruptions left out.

    Args:
        before: seconds that earlier processes of the run took.
    """

    def __init__(self, before: float = 0.0) -> None:
        self._began = time.monotonic() - before
        self._steps: deque[tuple[float, int]] = deque(maxlen=_STEPS)

    @property
    def seconds(self) -> float:
        """What the run has taken so far."""
        return time.monotonic() - self._began

    def pace(self, tokens: int) -> float:
        """Count a step of so many tokens; returns the tokens a second over the last steps."""
        self._steps.append((self.seconds, tokens))
        seconds = self._steps[-1][0] - self._steps[0][0]
        return sum(count for _, count in list(self._steps)[1:]) / seconds if seconds else 0.0
