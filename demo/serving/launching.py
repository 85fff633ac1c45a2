"""Puts the door, the sessions and the queue around the page when it is launched."""

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.middleware import Middleware

from demo.assets import ASSETS
from demo.runs import RunManager
from demo.serving import hosts, logs
from demo.serving.door import Door, DoorLimits, Place
from demo.serving.health import Health
from demo.serving.served_blocks import ServedBlocks
from demo.serving.sessions import Sessions
from demo.serving.turns import Shares
from demo.settings import Settings
from mtl.serving.hosts import EVERYWHERE
from mtl.serving.listening import listen

_HEAD = f"<script>{(ASSETS / 'stream.js').read_text(encoding='utf-8')}</script>"
"""What must run before the page asks for anything."""
_SLOTS = 4
"""How many handlers of one kind run at once, unless a handler sets its own limit."""


def place_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Place:
    """Where a server with these arguments is reached."""
    host, share, space = arguments.host, arguments.share, bool(environment.get("SPACE_ID"))
    return Place(
        names=hosts.allowed_names(host, share=share, given=arguments.allow_host, environment=environment),
        any_address=host in EVERYWHERE,
        behind_proxy=space or share or arguments.public,
        framed=space,
        account_secret=environment.get("OAUTH_CLIENT_SECRET", "") if space else "",
    )


def need_port(host: str, port: int) -> None:
    """Refuse a place where no server can listen, before anything is loaded.

    Raises:
        InputError: the port is taken, is not this user's to take, or is none; or the host is none of this machine's.
    """
    listen(host, port).close()


def protect(page: ServedBlocks, *, settings: Settings, place: Place, runs: RunManager) -> dict[str, Any]:
    """Set the page's queue up; returns arguments of `launch`."""
    page.take_turns(
        shares=Shares(
            settings.max_queued,
            settings.max_queued_of_visitor,
            settings.max_queued_of_address,
            keeps_slots=settings.public,
        ),
        slots=_SLOTS,
    )
    sessions = Sessions(capacity=settings.max_sessions, megabytes=settings.max_sessions_mb)
    health = Health(sessions=lambda: len(sessions.session_data), runs=runs.counts)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:  # noqa: ANN401
        logs.set_up()  # once more: the server has set up its own by now
        sessions.set_blocks(page)
        app.state_holder = sessions
        yield

    door = Middleware(Door, place=place, limits=limits_of(settings), sessions=sessions, health=health)
    return {
        "app_kwargs": {"lifespan": lifespan, "middleware": [door]},
        "max_file_size": int(settings.max_upload_mb * 1e6),
        "head": _HEAD,
        "_frontend": False,  # else Gradio ends the server if it does not answer its own request within three seconds
    }


def limits_of(settings: Settings) -> DoorLimits:
    """The limits of the door."""
    return DoorLimits(
        body=int(settings.max_request_mb * 1e6),
        upload=int(settings.max_upload_mb * 1e6),
        uploads_of_visitor=settings.max_uploads_mb * 1e6,
        uploads_of_address=10 * settings.max_uploads_mb * 1e6,
        uploads_of_all=50 * settings.max_uploads_mb * 1e6,
        at_once_of_visitor=settings.max_requests,
        at_once_of_address=8 * settings.max_requests,
    )
