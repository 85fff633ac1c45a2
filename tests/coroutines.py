"""Coroutines in tests: beside a browser of Playwright a thread has an event loop that runs already."""

from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import anyio

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T] | Callable[[], Awaitable[T]]) -> T:
    """What a coroutine, or a function that makes one, returns, run in a thread of its own."""

    async def working() -> T:
        return await (work() if callable(work) else work)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, working).result()
