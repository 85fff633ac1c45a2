"""Which requests are let in, and the threads that answer them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from mtl.serving.limits import ServeLimits
from mtl.serving.refusal import BUSY, TOO_MANY, Refusal
from mtl.stopping import stoppable

_THREADS = 64
"""Requests that the engine sees at once, and joins in batches; the others wait for a thread."""
_LATER = {"retry-after": "1"}
Found = TypeVar("Found")


class Admission:
    """Runs the work of requests in threads; so many at most are let in, of all clients and of each."""

    def __init__(self, limits: ServeLimits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")
        self._lock = Lock()
        self._held: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Requests that are answered or wait."""
        return sum(self._held.values())

    async def run(self, client: str, work: Callable[[], Found]) -> Found:
        """Do the work of a request; what takes too long is stopped at its next batch, and holds its place until then.

        Args:
            client: the network address that asks.
            work: what answers it, called in a thread.

        Raises:
            Refusal: too many requests wait, or this one takes too long.
        """
        self._enter(client)
        stopping = _Stopping(work)
        doing = self._threads.submit(stopping)
        doing.add_done_callback(lambda _: self._leave(client))
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await asyncio.wrap_future(doing)
        except TimeoutError as error:
            sentence = f"This was not answered within {self._limits.seconds:g} seconds. Send less at once, or later."
            raise Refusal(BUSY, sentence, code="timeout", headers=_LATER) from error
        finally:
            stopping.stopped = True

    def close(self) -> None:
        """Give up what still waits, and wait for what runs."""
        self._threads.shutdown(cancel_futures=True)

    def _enter(self, client: str) -> None:
        with self._lock:
            if self.count >= self._limits.waiting:
                raise Refusal(BUSY, "Too many requests wait. Try again in a moment.", code="busy", headers=_LATER)
            if self._held[client] >= self._limits.of_client:
                sentence = f"At most {self._limits.of_client} requests at once of one client were expected."
                raise Refusal(TOO_MANY, sentence, code="too_many_requests", headers=_LATER)
            self._held[client] += 1

    def _leave(self, client: str) -> None:
        with self._lock:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]


@dataclass
class _Stopping(Generic[Found]):
    """Work that ends early once `stopped` is set."""

    work: Callable[[], Found]
    stopped: bool = False

    def __call__(self) -> Found:
        with stoppable(lambda: self.stopped):
            return self.work()
