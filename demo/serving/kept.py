"""Answers that are the same for all: the page, and the scripts and styles that it loads.

Gradio renders a megabyte of page anew for every visitor and sends it as it is, and packs every script anew.
"""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE = "/"
_ASSETS = "/assets/"
"""Scripts and styles, whose names change with their content."""
_FOR_EVER = "public, max-age=31536000, immutable"
_MOST_BYTES = 2**25
"""Of what is kept: the page for some addresses, and all files that it loads."""
_PACKED = ("text/", "application/javascript", "application/json", "image/svg+xml")
_PARTS = ("range", "if-none-match", "if-modified-since")
"""Headers that ask for less than the whole."""
_NAMING = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers from which Gradio makes the addresses in the page."""

Key = tuple[str | bool, ...]


@dataclass
class Kept:
    """The page and its files as they were answered before, packed for who takes that; they have nothing of a visitor.

    Browsers need to ask for a file only once.
    """

    answers: OrderedDict[Key, Sequence[Message]] = field(default_factory=OrderedDict)
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)

    @staticmethod
    def may_have(scope: Scope, *, has_login: bool) -> bool:
        """Whether this request is answered for all visitors alike."""
        path, headers = scope["path"], Headers(scope=scope)
        is_same = path.startswith(_ASSETS) or (path == _PAGE and not has_login)
        return is_same and scope["method"] == "GET" and not any(name in headers for name in _PARTS)

    async def answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, from the application if it was not asked for before.

        A query, such as a link to a sentence, is read by the page's first request and does not change the HTML.
        """
        key = _key(scope)
        messages = self._known(key)
        if messages is None:
            async with self.rendering:
                messages = self._known(key)
                if messages is None:
                    messages = await _rendered(app, {**scope, "query_string": b""}, receive)
                    self._keep(key, messages)
        for message in messages:
            await send(dict(message))

    def _known(self, key: Key) -> Sequence[Message] | None:
        if key in self.answers:
            self.answers.move_to_end(key)
        return self.answers.get(key)

    def _keep(self, key: Key, messages: Sequence[Message]) -> None:
        if messages and messages[0].get("status") == 200:
            self.answers[key] = messages
        while sum(map(_size, self.answers.values())) > _MOST_BYTES:
            self.answers.popitem(last=False)


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.get("body", b"")) for message in messages)


def _key(scope: Scope) -> Key:
    headers, path = Headers(scope=scope), scope["path"]
    if path != _PAGE:
        return path, _takes_packed(headers)
    return (
        path,
        _takes_packed(headers),
        scope.get("scheme", ""),
        scope.get("root_path", ""),
        *(headers.get(name, "") for name in _NAMING),
    )


def _takes_packed(headers: Headers) -> bool:
    return "gzip" in headers.get("accept-encoding", "")


async def _rendered(app: ASGIApp, scope: Scope, receive: Receive) -> Sequence[Message]:
    """What the application answers, in one piece."""
    messages: list[Message] = []

    async def keeping(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keeping)
    if not messages or messages[0].get("status") != 200:
        return messages
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    headers = MutableHeaders(raw=start["headers"])
    if scope["path"].startswith(_ASSETS):
        headers["cache-control"] = _FOR_EVER
    if headers.get("content-type", "").startswith(_PACKED):
        headers.add_vary_header("Accept-Encoding")
        if _takes_packed(Headers(scope=scope)):
            body = await to_thread.run_sync(partial(gzip.compress, body, mtime=0))
            headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(body))
    return [{**start, "headers": headers.raw}, {"type": "http.response.body", "body": body}]
