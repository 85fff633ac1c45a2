"""The door: ASGI middleware that every request passes before Gradio sees it."""

import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.serving import forms, sign_in, visitor
from demo.serving.answering import Answer, Refusal
from demo.serving.bodies import names_address, parsed
from demo.serving.budget import AtOnce, Bytes, TooMany
from demo.serving.forms import TooManyFiles
from demo.serving.health import Health
from demo.serving.problems import sentence_of
from demo.serving.protection import protection
from demo.serving.response_cache import ResponseCache
from demo.serving.routes import Route
from demo.serving.sessions import Sessions
from demo.serving.visitor import Visitor
from mtl.serving import bodies, hosts
from mtl.serving.addresses import address_of
from mtl.serving.bodies import TooLarge, TooSlow

_log = logging.getLogger("polyhead")
_UPLOAD_PERIOD = 600.0  # seconds
_FORM_BYTES = 16_384
"""What a form adds to the file in it."""
_SMALL = 65_536


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What is let in; sizes in bytes, uploads within ten minutes."""

    body: int
    """Of a request that is not an upload."""
    upload: int
    """Of one file."""
    uploads_of_visitor: float
    uploads_of_address: float
    uploads_of_all: float
    at_once_of_visitor: int
    """Requests that are answered at once; as many again as eight times that may wait."""
    at_once_of_address: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is reached."""

    names: tuple[str, ...]
    any_address: bool = False
    """Whether every IP address is one of this machine's."""
    behind_proxy: bool = False
    framed: bool = False
    """Whether another site shows the page in a frame, as a Space is."""
    account_secret: str = ""
    """Of the sign-in with Hugging Face accounts, where a Space has it."""


class Door:
    """Refuses what is not for this page, and records who asks.

    In order: unknown hosts and other sites, routes that the page does not need, who is not signed in, bodies that are
    too large, sessions of others, files that are addresses, and more at once than a share. Every refusal and every
    failure behind the door is one sentence in JSON, as `error` and `detail`, which are the keys that Gradio's page and
    clients read.
    """

    def __init__(self, app: ASGIApp, *, place: Place, limits: DoorLimits, sessions: Sessions, health: Health) -> None:
        self._app = app
        self._place = place
        self._limits = limits
        self._sessions = sessions
        self._health = health
        self._responses = ResponseCache()
        self._protection = protection(framed=place.framed)
        self._throttle = sign_in.Throttle()
        self._visitors = AtOnce(limits.at_once_of_visitor, 8 * limits.at_once_of_visitor)
        self._addresses = AtOnce(limits.at_once_of_address, 8 * limits.at_once_of_address)
        self._uploads = (
            Bytes(limits.uploads_of_visitor, seconds=_UPLOAD_PERIOD),
            Bytes(limits.uploads_of_address, seconds=_UPLOAD_PERIOD),
            Bytes(limits.uploads_of_all, seconds=_UPLOAD_PERIOD),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        answer = Answer(send, self._protection)
        try:
            await self._let_in(scope, receive, answer)
        except Refusal as refusal:
            await answer.refuse(refusal)
        except ClientDisconnect:
            return
        except TooSlow:
            await answer.refuse(Refusal(408, "The request did not come to its end. Try again."))
        except TooLarge:
            await answer.refuse(Refusal(413, self._too_large(Route(scope["path"]))))
        except TooManyFiles:
            await answer.refuse(Refusal(413, f"At most {forms.MOST_FILES} files at once were expected."))
        except Exception as error:
            if answer.started:
                raise
            await answer.refuse(Refusal(500, sentence_of(error)))

    async def _let_in(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        headers, route = Headers(scope=scope), Route(scope["path"])
        asked = [*headers.getlist("host"), *headers.getlist("x-forwarded-host")] or [""]
        if not all(hosts.is_known(one, self._place.names, any_address=self._place.any_address) for one in asked):
            raise Refusal(421, "This server has another name. Open the page by the address that it printed.")
        asker = self._visitor(scope, headers)
        scope.setdefault("state", {})["visitor"] = asker
        visitor.set_current(asker)
        if route.path == "/healthz":
            await answer.send_json(200, await to_thread.run_sync(self._health.report))
            return
        self._need_route(scope, headers, route)
        app = scope["app"]
        if route.needs_sign_in and not sign_in.is_signed_in(app, headers.get("cookie", "")):
            raise Refusal(401, "Sign in first.")
        if scope["method"] in ("GET", "HEAD"):
            self._need_session(app, scope["query_string"].decode("latin-1"), route, asker)
            if route.path == "/" and not asker.owner:
                answer.cookie = self._fresh_cookie(scope, headers)
            if self._responses.covers(scope, has_login=app.auth is not None):
                await self._responses.answer(self._app, scope, answer)
            else:
                await self._app(scope, receive, answer)
        elif route.is_sign_in:
            await self._sign_in(scope, receive, answer)
        elif route.is_upload:
            await self._upload(scope, receive, answer)
        else:
            await self._call(scope, receive, answer)

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor:
        client = (scope.get("client") or ("",))[0]
        forwarded = ",".join(headers.getlist("x-forwarded-for"))  # a proxy may add a line of its own
        address = address_of(client, forwarded, behind_proxy=self._place.behind_proxy)
        account = visitor.token_of_account(scope.get("session", {}), self._place.account_secret)
        return Visitor(account or visitor.token_in(headers.get("cookie", "")), address)

    def _fresh_cookie(self, scope: Scope, headers: Headers) -> str:
        secure = "https" in (scope.get("scheme"), headers.get("x-forwarded-proto", "").split(",")[0].strip())
        return visitor.cookie_header(visitor.new_token(), secure=secure, framed=self._place.framed)

    def _need_route(self, scope: Scope, headers: Headers, route: Route) -> None:
        if not route.exists:
            raise Refusal(404, "There is no such page.")
        reads_page = scope["method"] in ("GET", "HEAD") and not route.name
        if not reads_page and not hosts.is_own_site(headers, self._place.names):
            raise Refusal(403, "Requests from other sites are not answered.")

    def _need_session(self, app: Any, query: str, route: Route, asker: Visitor) -> None:  # noqa: ANN401
        names = [value for key, value in parse_qsl(query, keep_blank_values=True) if key == "session_hash"]
        if route.name == "heartbeat":
            names.append(route.path.rpartition("/")[2])
        waiting = app.get_blocks()._queue.pending_event_ids_session
        if route.event:
            names += [name for name, events in waiting.items() if route.event in events]
        if route.called and not names:
            raise Refusal(404, "There is no answer to wait for.")
        if len(names) > 1 or not all(self._sessions.may_read(name, asker) for name in names):
            raise Refusal(403, "This session belongs to another visitor. Reload the page.")
        waiting = app.get_blocks()._queue.pending_messages_per_session
        if route.path.rstrip("/").endswith("/queue/data") and (not names or names[0] not in waiting):
            raise Refusal(404, "There is no answer to wait for.")

    async def _sign_in(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        address = visitor.of_scope(scope).address
        wait = self._throttle.seconds_left(address)
        if wait:
            left = str(max(1, round(wait)))
            raise Refusal(429, f"Too many wrong passwords. Try again in {left} seconds.", (("retry-after", left),))
        self._throttle.begins(address)
        body = await bodies.read_body(receive, limit=_SMALL, declared=Headers(scope=scope).get("content-length"))
        await self._app(scope, bodies.replay(body, receive), answer)
        if answer.status == 200:
            self._throttle.succeeded(address)
            sign_in.forget_oldest(scope["app"])

    async def _upload(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        asker, limit = visitor.of_scope(scope), self._limits.upload + _FORM_BYTES
        headers = Headers(scope=scope)
        declared, boundary = headers.get("content-length", ""), forms.boundary_of(headers.get("content-type", ""))
        if not boundary:
            raise Refusal(400, "A form with files was expected.")
        size = int(declared) if declared.isdecimal() else 1
        if size > limit:
            raise TooLarge
        keys = (asker.session_key, asker.address, "")
        if not all(taken.has_room(key, size) for taken, key in zip(self._uploads, keys, strict=True)):
            raise Refusal(429, "Too much was uploaded in the last ten minutes. Try again later.")

        def count(got: int) -> None:
            for taken, key in zip(self._uploads, keys, strict=True):
                taken.take(key, got)

        async with self._share(asker):
            form = forms.measured(receive, boundary=boundary, limit=limit, count=count)
            await self._app(scope, form, answer)

    async def _call(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        asker, declared = visitor.of_scope(scope), Headers(scope=scope).get("content-length")
        body = await bodies.read_body(receive, limit=self._limits.body, declared=declared)
        content = parsed(body)
        if content is None:
            raise Refusal(400, "A JSON object was expected.")
        if names_address(content):
            raise Refusal(400, "An uploaded file was expected, was an address.")
        route, name, blocks = Route(scope["path"]), content.get("session_hash"), scope["app"].get_blocks()
        if name is None and route.name in ("run", "call"):  # a session of this request alone
            fresh = secrets.token_hex(16)
            content = {**content, "session_hash": fresh}
            body = orjson.dumps(content)
            scope = {**scope, "headers": _with_length(scope["headers"], len(body))}
            name = fresh if route.name == "call" else None  # its answer is read by another request
        if name is not None and not (isinstance(name, str) and self._sessions.admits(name, asker)):
            raise Refusal(403, "This session belongs to another visitor. Reload the page.")
        if route.name == "call":
            _need_public(blocks, route, content)
        handler = content.get("fn_index")
        if route.name in ("run", "queue") and not (isinstance(handler, int) and handler in blocks.fns):
            raise Refusal(404, "There is no such handler. Reload the page.")
        event = blocks._queue.event_ids_to_events.get(str(content.get("event_id")))
        if event is not None and visitor.of_scope(event.request.scope).session_key != asker.session_key:
            raise Refusal(403, "This request belongs to another visitor.")
        async with self._share(asker):
            await self._app(scope, bodies.replay(body, receive), answer)

    @asynccontextmanager
    async def _share(self, asker: Visitor) -> AsyncIterator[None]:
        """Hold the turn of a visitor and of the address; a program without a cookie has that of the address alone."""
        own = [(self._visitors, asker.owner)] if asker.owner else []
        async with AsyncExitStack() as turns:
            try:
                for share, key in [*own, (self._addresses, asker.address)]:
                    await turns.enter_async_context(share.turn(key))
            except TooMany as error:
                raise Refusal(429, "Too many requests at once. Try again in a moment.") from error
            yield

    def _too_large(self, route: Route) -> str:
        if route.is_upload:
            return f"A file of at most {self._limits.upload / 1e6:g} MB was expected."
        return f"A request of at most {self._limits.body / 1e6:g} MB was expected."


def _need_public(blocks: Any, route: Route, content: Mapping[str, Any]) -> None:  # noqa: ANN401
    public = [fn for fn in blocks.fns.values() if fn.api_visibility == "public"]
    called = next((fn for fn in public if fn.api_name == route.called), None)
    if called is None or route.event:
        raise Refusal(404, "There is no such endpoint.")
    count, data = len(called.inputs), content.get("data")
    if not isinstance(data, list) or len(data) != count:
        raise Refusal(422, f"A list of {count} values was expected as data.")


def _with_length(headers: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]
