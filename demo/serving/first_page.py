"""The HTML of the page, kept: Gradio renders three quarters of a megabyte anew for every visitor."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ADDRESSES = 8
"""Addresses of the server for which the page is kept."""
_NAMING = ("host", "x-forwarded-host", "x-forwarded-proto")
"""Headers from which Gradio makes the addresses in the page."""


@dataclass
class FirstPage:
    """The first page as it was answered before, by the address of the server; it has nothing of its visitor."""

    kept: OrderedDict[tuple[str, ...], list[Message]] = field(default_factory=OrderedDict)
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page, from the application if it was not asked for by this address before.

        A query, such as a link to a sentence, is read by the page's first request and does not change the HTML.
        """
        headers = Headers(scope=scope)
        key = (scope.get("scheme", ""), scope.get("root_path", ""), *(headers.get(name, "") for name in _NAMING))
        if not await self._known(key, send):
            async with self.rendering:
                if not await self._known(key, send):
                    await self._render(key, app, {**scope, "query_string": b""}, receive, send)

    async def _known(self, key: tuple[str, ...], send: Send) -> bool:
        if key not in self.kept:
            return False
        self.kept.move_to_end(key)
        for message in self.kept[key]:
            await send(message)
        return True

    async def _render(self, key: tuple[str, ...], app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def keeping(message: Message) -> None:
            messages.append(message)
            await send(message)

        await app(scope, receive, keeping)
        if messages and messages[0].get("status") == 200:
            self.kept[key] = messages
            while len(self.kept) > _ADDRESSES:
                self.kept.popitem(last=False)
