"""How much a visitor and an address may have: requests at once, and bytes uploaded in a while."""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_KEYS = 20_000


class TooMany(Exception):
    """A share is used up; the text says of what."""


class AtOnce:
    """How many requests of one key are answered at once; the next ones wait, up to a limit."""

    def __init__(self, running: int, waiting: int) -> None:
        self._running = running
        self._waiting = waiting
        self._held: Counter[str] = Counter()
        self._turns: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises:
            TooMany: too many wait already.
        """
        if self._held[key] >= self._running + self._waiting:
            raise TooMany
        self._held[key] += 1
        turns = self._turns.setdefault(key, asyncio.Semaphore(self._running))
        try:
            async with turns:
                yield
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key], self._turns[key]


class Bytes:
    """How many bytes of one key are taken within a period; those of one second are kept as one number."""

    def __init__(self, limit: float, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._taken: OrderedDict[str, deque[tuple[int, int]]] = OrderedDict()

    def has_room(self, key: str, size: int = 1) -> bool:
        """Whether so many bytes more are within the limit."""
        taken = self._taken.get(key, deque())
        while taken and taken[0][0] <= self._clock() - self._seconds:
            taken.popleft()
        return sum(bytes_ for _, bytes_ in taken) + size <= self._limit

    def take(self, key: str, size: int) -> None:
        """Count bytes."""
        if not size:
            return
        taken, now = self._taken.setdefault(key, deque()), int(self._clock())
        before = taken.pop()[1] if taken and taken[-1][0] == now else 0
        taken.append((now, before + size))
        self._taken.move_to_end(key)
        while len(self._taken) > _KEYS:
            self._taken.popitem(last=False)
