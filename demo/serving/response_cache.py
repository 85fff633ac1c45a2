"""Responses that are the same for all visitors: the page, and the scripts and styles that it loads.

Gradio renders a megabyte of page anew for every visitor, does not compress it, and compresses every script anew.
"""

import asyncio
import gzip
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

import anyio
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Scope, Send

from demo.serving.page_scripts import quicker
from mtl.serving import bodies

_PAGE = "/"
_ASSET = re.compile(r"/assets/[\w-][\w.-]*", re.ASCII)
"""Scripts and styles, whose names change with their content; they are in one folder."""
_FOR_EVER = "public, max-age=31536000, immutable"
_PAGES = 8
"""Of different addresses of the server."""
_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers from which Gradio makes the addresses in the page; no other header of a visitor reaches it."""
_OF_THE_FILE = ("accept-ranges", "etag", "last-modified")
"""Headers that tell of the file on the disk; a response may have other bytes."""
_SCRIPT = ("text/javascript", "application/javascript")
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml")
_REFUSED = re.compile(r"q=0(\.0*)?")
_PIECE = 65_536

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Response:
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def messages(self) -> Iterator[Message]:
        """The ASGI messages that send it in pieces, of which a slow client has one in memory."""
        yield {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        for start in range(0, max(1, len(self.body)), _PIECE):
            end = start + _PIECE
            piece = self.body[start:end]
            yield {"type": "http.response.body", "body": piece, "more_body": end < len(self.body)}


@dataclass
class ResponseCache:
    """The page and its files as they were sent before, compressed for who accepts it; they have nothing of a visitor.

    Browsers need to ask for a file only once. There are two responses for each file, and a few pages; who asks for a
    part gets the whole.
    """

    _pages: OrderedDict[Key, _Response] = field(default_factory=OrderedDict)
    _files: dict[Key, _Response] = field(default_factory=dict)
    _locks: WeakValueDictionary[Key, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @staticmethod
    def covers(scope: Scope, *, has_login: bool) -> bool:
        """Whether this request has the same response for all visitors."""
        path = scope["path"]
        is_same = bool(_ASSET.fullmatch(path)) or (path == _PAGE and not has_login)
        return is_same and scope["method"] == "GET"

    async def answer(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        """Send it, from the application if it was not asked for before.

        A query, such as a link to a sentence, is read by the page's first request and does not change the HTML.
        """
        headers = Headers(scope=scope)
        own = {name: headers.get(name, "").split(",")[0] for name in _ADDRESS} if scope["path"] == _PAGE else {}
        is_compressed = accepts_gzip(headers)
        key = (scope["path"], str(is_compressed), scope.get("scheme", ""), scope.get("root_path", ""), *own.values())
        found = self._known(key)
        if found is None:
            async with self._locks.setdefault(key, asyncio.Lock()):
                found = self._known(key)
                if found is None:
                    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items() if value]
                    found = await _response_of(
                        app, {**scope, "query_string": b"", "headers": raw}, compressed=is_compressed
                    )
                    self._keep(key, found)
        for message in found.messages():
            await send(message)

    def _known(self, key: Key) -> _Response | None:
        if key in self._pages:
            self._pages.move_to_end(key)
        return self._pages.get(key) or self._files.get(key)

    def _keep(self, key: Key, found: _Response) -> None:
        if found.status != 200:
            return
        if key[0] != _PAGE:
            self._files[key] = found
            return
        self._pages[key] = found
        while len(self._pages) > _PAGES:
            self._pages.popitem(last=False)


def accepts_gzip(headers: Headers) -> bool:
    """Whether a client with these headers accepts gzip."""
    for coding in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        name, *parameters = (part.strip() for part in coding.split(";"))
        if name == "gzip":
            return not any(_REFUSED.fullmatch(parameter.replace(" ", "")) for parameter in parameters)
    return False


async def _stay() -> Message:
    """What a client sends that stays; the response to one that goes would end in the middle."""
    await anyio.sleep_forever()
    raise AssertionError


async def _response_of(app: ASGIApp, scope: Scope, *, compressed: bool) -> _Response:
    """The whole response of the application, whether who asked first has gone meanwhile or not."""
    messages: list[Message] = []

    async def keeping(message: Message) -> None:
        messages.append(message)

    await app(scope, bodies.replay(b"", _stay), keeping)
    if not messages or messages[-1].get("more_body", False) or messages[-1]["type"] != "http.response.body":
        raise RuntimeError("a whole response was expected")
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    headers = MutableHeaders(raw=list(start.get("headers", [])))
    if start["status"] == 200:
        if scope["path"] != _PAGE:
            headers["cache-control"] = _FOR_EVER
        for name in _OF_THE_FILE:
            del headers[name]
        if headers.get("content-type", "").startswith(_SCRIPT):
            body = await to_thread.run_sync(quicker, body)
        if headers.get("content-type", "").startswith(_COMPRESSED):
            headers.add_vary_header("Accept-Encoding")
            if compressed:
                body = await to_thread.run_sync(partial(gzip.compress, body, mtime=0))
                headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
    return _Response(start["status"], tuple(headers.raw), body)
