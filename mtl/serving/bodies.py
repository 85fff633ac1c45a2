"""The body of a request, read up to a limit before anything parses it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_PATIENCE = 20.0
"""Seconds without a part of the body until a request is given up."""
_LINGERS = 10.0
"""Seconds in which the rest of a body is dropped."""
_DROPPED = 100_000_000
"""Bytes of it at most."""


class TooSlow(Exception):
    """A body does not come."""


class TooLarge(Exception):
    """A body is larger than the limit."""


async def read_body(receive: Receive, *, limit: int, declared: str | None) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it has more than `limit` bytes, or says so in its `Content-Length`.
        TooSlow: nothing came for a while.
    """
    if declared is not None and declared.isdecimal() and int(declared) > limit:
        raise TooLarge
    parts, size = [], 0
    while True:
        message = await next_part(receive)
        if message["type"] != "http.request":
            return b""  # the client is gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge
        if not message.get("more_body"):
            return b"".join(parts)


async def next_part(receive: Receive) -> Any:  # noqa: ANN401
    """The next message of a request.

    Raises:
        TooSlow: none came for a while.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            return await receive()
    except TimeoutError as error:
        raise TooSlow from error


async def drop(receive: Receive) -> None:
    """Read what is left of a body and keep nothing of it, up to a limit of bytes and time."""
    dropped = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGERS):
            while dropped < _DROPPED:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, and then what comes after it."""
    given = False

    async def again() -> Any:  # noqa: ANN401
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
