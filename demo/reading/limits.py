"""The limits of a child process that reads a file."""

import math
from dataclasses import dataclass

from demo.settings import Settings

_WALL = 3  # seconds on the clock for each second of processor time: other processes run too
_SPARE = 1 << 26  # bytes, to answer with when the memory is used up
_ANSWER = 8  # the share of the memory that an answer may have: 1 of so many


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What the reading of one file may take: bytes of memory, seconds of processor time, and bytes of its result."""

    memory: int
    seconds: float
    answer: int

    @property
    def wall_seconds(self) -> float:
        """Seconds on the clock."""
        return _WALL * self.seconds

    def impose(self) -> None:
        """Set the limits of this process; its files on disk are limited as its memory is."""
        import resource

        _limit(resource.RLIMIT_DATA, self.memory, self.memory + _SPARE)
        _limit(resource.RLIMIT_FSIZE, self.memory, self.memory)
        _limit(resource.RLIMIT_CPU, math.ceil(self.seconds), math.ceil(self.seconds) + 2)
        _limit(resource.RLIMIT_CORE, 0, 0)

    def loosen(self) -> None:
        """Let this process answer after its memory is used up."""
        import resource

        _limit(resource.RLIMIT_DATA, self.memory + _SPARE, self.memory + _SPARE)


def limits_of(settings: Settings) -> ReadLimits:
    """The limits of a page."""
    memory = int(settings.read_memory_mb * 1e6)
    return ReadLimits(memory, settings.read_seconds, memory // _ANSWER)


def _limit(what: int, soft: int, hard: int) -> None:
    import resource  # not on every system

    allowed = resource.getrlimit(what)[1]
    most = hard if allowed == resource.RLIM_INFINITY else min(hard, allowed)
    resource.setrlimit(what, (min(soft, most), most))
