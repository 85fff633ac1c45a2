"""Responses that are the same for all visitors: the page, and the files that it loads.

Gradio renders a megabyte of page anew for every visitor, does not compress it, and compresses every script anew.
"""

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import anyio
import gradio
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Scope, Send

from demo.serving.page_scripts import with_replacements
from mtl.serving import bodies

_PAGE = "/"
_FOLDER = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
_ASSETS = frozenset(f"/assets/{file.name}" for file in _FOLDER.glob("*.*"))
"""Scripts, styles and fonts of the page, whose names change with their content."""
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
"""Browsers keep it, and ask each time whether it has changed."""
_PAGES = 8
"""Of different addresses of the server."""
_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers from which Gradio makes the addresses in the page; no other header of a visitor reaches it."""
_OF_THE_FILE = ("accept-ranges", "etag", "last-modified")
"""Headers that describe the file on disk, whose bytes may differ from those sent."""
_SCRIPT = ("text/javascript", "application/javascript")
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml")
_REFUSED = re.compile(r"q=0(\.0*)?")
_ENTITY_TAG = re.compile(r'"[^"]*"')
_PIECE = 65_536
_OF_304 = (b"cache-control", b"etag", b"vary")
"""Headers of a response that tells a client that its copy is current."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Response:
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def messages(self, *, with_body: bool) -> Iterator[Message]:
        """The ASGI messages that send it in pieces, of which a slow client has one in memory."""
        yield {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        body = self.body if with_body else b""
        for start in range(0, max(1, len(body)), _PIECE):
            end = start + _PIECE
            yield {"type": "http.response.body", "body": body[start:end], "more_body": end < len(body)}

    def unless_kept(self, asked: Headers) -> "_Response":
        """This response, or a 304 if the client's copy is current."""
        tag = dict(self.headers).get(b"etag", b"").decode().removeprefix("W/")
        named = ",".join(asked.getlist("if-none-match")).strip()
        if not tag or (named != "*" and tag not in _ENTITY_TAG.findall(named)):
            return self
        return _Response(304, tuple(pair for pair in self.headers if pair[0] in _OF_304), b"")


@dataclass
class ResponseCache:
    """The page and its files as they were sent before, compressed for clients that accept gzip.

    They contain nothing about a visitor. Browsers ask for most files once; for the page and for changed scripts they
    ask each time whether they have changed. There are two responses for each file, and a few pages; a request for a
    range gets the whole.
    """

    _pages: OrderedDict[Key, _Response] = field(default_factory=OrderedDict)
    _files: dict[Key, _Response] = field(default_factory=dict)
    _locks: WeakValueDictionary[Key, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @staticmethod
    def covers(scope: Scope, *, has_login: bool) -> bool:
        """Whether this request has the same response for all visitors."""
        path = scope["path"]
        return scope["method"] in ("GET", "HEAD") and (path in _ASSETS or (path == _PAGE and not has_login))

    async def answer(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        """Send it, from the application if it was not asked for before.

        A query, such as a link to a sentence, is read by the page's first request and does not change the HTML.
        """
        headers = Headers(scope=scope)
        own = _address(headers) if scope["path"] == _PAGE else {}
        is_compressed = accepts_gzip(headers)
        key = (scope["path"], str(is_compressed), scope.get("scheme", ""), scope.get("root_path", ""), *own.values())
        found = self._known(key)
        if found is None:
            async with self._locks.setdefault(key, asyncio.Lock()):
                found = self._known(key)
                if found is None:
                    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items() if value]
                    asked = {**scope, "method": "GET", "query_string": b"", "headers": raw}
                    found = await _response_of(app, asked, compressed=is_compressed)
                    self._keep(key, found)
        for message in found.unless_kept(headers).messages(with_body=scope["method"] != "HEAD"):
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


def _address(headers: Headers) -> dict[str, str]:
    """The headers that tell the server's address; Gradio reads the first of each, and only whether it is https."""
    found = {name: headers.get(name, "").split(",")[0].strip() for name in _ADDRESS}
    return found | ({} if found["x-forwarded-proto"] == "https" else {"x-forwarded-proto": ""})


async def _stay() -> Message:
    """A `receive` that never reports a disconnect, since the application would cut its response short."""
    await anyio.sleep_forever()
    raise AssertionError


async def _response_of(app: ASGIApp, scope: Scope, *, compressed: bool) -> _Response:
    """The whole response of the application, whether the client that asked first has gone meanwhile or not."""
    messages: list[Message] = []

    async def keeping(message: Message) -> None:
        messages.append(message)

    await app(scope, bodies.replay(b"", _stay), keeping)
    if not messages or messages[-1].get("more_body", False) or messages[-1]["type"] != "http.response.body":
        raise RuntimeError("a whole response was expected")
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    headers = MutableHeaders(raw=list(start.get("headers", [])))
    if start["status"] == 200:
        for name in _OF_THE_FILE:
            del headers[name]
        own, is_named_by_content = body, scope["path"] != _PAGE
        if headers.get("content-type", "").startswith(_SCRIPT):
            body = await to_thread.run_sync(with_replacements, body)
        if headers.get("content-type", "").startswith(_COMPRESSED):
            headers.add_vary_header("Accept-Encoding")
        if is_named_by_content and body == own:
            headers["cache-control"] = _FOR_EVER
        else:
            headers["cache-control"] = _ASK_AGAIN
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()[:32]}{"-gzip" if compressed else ""}"'
        if compressed and headers.get("content-type", "").startswith(_COMPRESSED):
            body = await to_thread.run_sync(partial(gzip.compress, body, mtime=0))
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
    return _Response(start["status"], tuple(headers.raw), body)
