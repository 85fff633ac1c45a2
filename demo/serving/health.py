"""What `/healthz` says: whether the server answers, for how long, and how much it holds. Nothing of any visitor."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import psutil

_FRESH = 1.0
"""Seconds for which a report is given again: to make one, the folder of every run is looked at."""


@dataclass
class Health:
    """The state of the server.

    Args:
        sessions: the number of open pages that the server remembers.
        runs: the number of live and of waiting runs.
    """

    sessions: Callable[[], int]
    runs: Callable[[], tuple[int, int]]
    started: float = field(default_factory=time.monotonic)

    _made: float = -_FRESH
    _report: dict[str, object] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def report(self) -> dict[str, object]:
        """Seconds, megabytes and counts."""
        with self._lock:
            now = time.monotonic()
            if now - self._made >= _FRESH:
                self._report, self._made = self._fresh(now), now
            return self._report

    def _fresh(self, now: float) -> dict[str, object]:
        live, waiting = self.runs()
        return {
            "status": "ok",
            "seconds": round(now - self.started),
            "memory_mb": round(psutil.Process().memory_info().rss / 1e6),
            "sessions": self.sessions(),
            "runs": {"live": live, "waiting": waiting},
        }
