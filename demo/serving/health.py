"""What `/healthz` says: whether the server answers, for how long, and how much it holds. Nothing of any visitor."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True)
class Health:
    """The state of the server.

    Args:
        sessions: the number of open pages that the server remembers.
        runs: the number of live and of waiting runs.
    """

    sessions: Callable[[], int]
    runs: Callable[[], tuple[int, int]]
    started: float = field(default_factory=time.monotonic)

    def report(self) -> dict[str, object]:
        """Seconds, megabytes and counts."""
        live, waiting = self.runs()
        return {
            "status": "ok",
            "seconds": round(time.monotonic() - self.started),
            "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
            "sessions": self.sessions(),
            "runs": {"live": live, "waiting": waiting},
        }
