"""The gate: ASGI middleware that every request passes, and that counts and logs every answer."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mtl.serving import bodies, hosts
from mtl.serving.bodies import TooLarge, TooSlow
from mtl.serving.keys import Keys
from mtl.serving.limits import ServeLimits
from mtl.serving.metrics import Metrics
from mtl.serving.model import Body
from mtl.serving.refusal import TOO_LARGE, Refusal
from mtl.serving.sentences import refusal_of

_log = logging.getLogger("polyhead.serve")
_OPEN = ("/healthz", "/docs", "/openapi.json", "/")
"""Answered without a key."""
_QUIET = ("/healthz", "/metrics")
"""Not logged."""
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")


@dataclass
class _Answer:
    """A `send` that remembers whether an answer began, and with which status."""

    send: Send
    status: int = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)

    async def refuse(self, refusal: Refusal, rest: Receive | None = None) -> None:
        """Send a refusal; what a client still sends of its body is dropped, or it would not see the answer."""
        content = orjson.dumps(refusal.content())
        headers = {"content-type": "application/json", "content-length": str(len(content)), **refusal.headers}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self({"type": "http.response.start", "status": refusal.status, "headers": raw})
        await self({"type": "http.response.body", "body": content, "more_body": rest is not None})
        if rest is not None:
            await bodies.drop(rest)
            await self({"type": "http.response.body", "body": b""})


@dataclass(frozen=True)
class GateOptions:
    """What the gate asks of a request, and where it counts."""

    keys: Keys
    limits: ServeLimits
    metrics: Metrics
    endpoints: frozenset[str] = field(default_factory=frozenset)
    """Paths that are counted and logged by name."""
    names: tuple[str, ...] | None = None
    """By `served_names`; any if None."""
    any_address: bool = False


class Gate:
    """Refuses requests without a key and bodies that are too large, gives every failure one sentence, and counts."""

    def __init__(self, app: ASGIApp, options: GateOptions) -> None:
        self._app = app
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        answer, began = _Answer(send), time.perf_counter()
        try:
            await self._let_in(scope, receive, answer)
        except Exception as error:
            if answer.status:  # half of an answer is there: only the connection can say that it failed
                raise
            waits = Headers(scope=scope).get("expect") is not None  # and sends no body to a refusal
            drops = isinstance(error, TooLarge) and not waits
            await answer.refuse(self._refusal(error), receive if drops else None)
        finally:
            self._note(scope, answer.status, time.perf_counter() - began)

    async def _let_in(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = Headers(scope=scope)
        self._need_name(headers.getlist("host"))
        if scope["path"] not in _OPEN and not self._options.keys.admit(headers.get("authorization")):
            wanted = {"www-authenticate": "Bearer"}
            raise Refusal(401, "The header Authorization: Bearer KEY was expected.", code="no_key", headers=wanted)
        if scope["method"] not in ("GET", "HEAD"):
            limit = self._options.limits.body
            body = await bodies.read_body(receive, limit=limit, declared=headers.get("content-length"))
            receive = bodies.replay(body, receive)
        await self._app(scope, receive, answer)

    def _need_name(self, asked: list[str]) -> None:
        names, any_address = self._options.names, self._options.any_address
        if names is not None and not all(hosts.is_known(one, names, any_address=any_address) for one in asked or [""]):
            sentence = "This server has another name; --allow-host NAME of mtl serve adds one."
            raise Refusal(421, sentence, code="unknown_host")

    def _refusal(self, error: Exception) -> Refusal:
        if isinstance(error, TooLarge):
            return Refusal(TOO_LARGE, f"A request of at most {self._options.limits.body_mb:g} MB was expected.")
        if isinstance(error, TooSlow):
            return Refusal(408, "The request did not come to its end. Try again.")
        return refusal_of(error)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        metrics, path = self._options.metrics, scope["path"]
        endpoint = path if path in self._options.endpoints else "other"
        metrics.answered(endpoint, status, seconds)
        fields: dict[str, object] = {"status": status, "ms": round(1000 * seconds, 1)}
        read = _read(scope.get("state", {}))
        if read is not None:
            metrics.read(endpoint, texts=read.texts, tokens=read.tokens)
            fields |= {"texts": read.texts, "tokens": read.tokens}
        if endpoint not in _QUIET:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            _log.info("%s %s", method, endpoint, extra={"fields": fields})


def _read(state: Mapping[str, object]) -> Body | None:
    found = state.get("read")
    return found if isinstance(found, Body) else None
