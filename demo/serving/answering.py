"""Answers of the door: refusals, and failures behind the door, each with one sentence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Send

from demo.serving import bodies

_MOST = 65_536
"""Bytes of the answer of a failure that are looked at."""
_LOST = "This failed for a reason that was not expected. Reload the page and try again."


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is not let in, with the status and the sentence of its answer."""

    status: int
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


class Answer:
    """A `send` that adds the cookie, and gives every failure a sentence."""

    def __init__(self, send: Send, protection: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._protection = protection
        self.status = 0
        self.started = False
        self.cookie = ""
        self._held: Message | None = None
        self._failed = b""

    async def __call__(self, message: Message) -> None:
        """Pass a message on; the body of a failure is held back until it is complete."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 500:
                self._held = message
                return
            self.started = True
            headers = [*message.get("headers", []), *self._protection]
            if self.cookie and self.status in (200, 304):
                headers.append((b"set-cookie", self.cookie.encode("latin-1")))
            await self._send({**message, "headers": headers})
        elif self._held is None:
            await self._send(message)
        else:
            self._failed += message.get("body", b"")[:_MOST]
            if not message.get("more_body"):
                held, self._held = self._held, None
                await self.send_json(held["status"], _with_sentence(self._failed))

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal."""
        if not self.started:
            content = {"error": refusal.sentence, "detail": refusal.sentence}
            await self.send_json(refusal.status, content, refusal.headers)

    async def send_json(self, status: int, content: object, extra: Sequence[tuple[str, str]] = ()) -> None:
        """Send an answer of the door's own."""
        body = json.dumps(content).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), *extra]
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers] + [*self._protection]
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})


def _with_sentence(body: bytes) -> dict[str, Any]:
    """The content of a failure with a sentence as `error` and `detail`, kept where it has one."""
    content = bodies.parsed(body) or {}
    found = content.get("error") or content.get("detail")
    sentence = found if isinstance(found, str) and found else _LOST
    return {**content, "error": sentence, "detail": sentence}
