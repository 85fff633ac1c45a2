"""The body of a request: read up to a limit, and looked at before Gradio parses it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


_PATIENCE = 20.0
"""Seconds without a part of the body until a request is given up."""


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
            return b""  # the visitor is gone
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


def parsed(body: bytes) -> dict[str, Any] | None:
    """A body as a JSON object; None if it is none."""
    try:
        found = orjson.loads(body)
    except ValueError:  # too deep also
        return None
    return found if isinstance(found, dict) else None


def names_address(content: Any) -> bool:  # noqa: ANN401
    """Whether a file in a request is an address, which Gradio would fetch, instead of an upload."""
    return any(isinstance(file.get("path"), str) and "://" in file["path"] for file in _files(content))


def _files(content: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
