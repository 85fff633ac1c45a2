"""Who asks: the owner of the browser's cookie, and the network address."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any

import gradio as gr

COOKIE = "polyhead_owner"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_YEAR = 365 * 24 * 3600  # seconds

@dataclass(frozen=True, slots=True)
class Visitor:
    """The secret of a browser's cookie, and the address that the request came from.

    A visitor without a cookie has an empty `owner`: such a visitor owns nothing.
    """

    owner: str
    address: str

    @property
    def session_key(self) -> str:
        """Whom a session belongs to."""
        return self.owner or f"address {self.address}"

NOBODY = Visitor("", "")
_current: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)

def current() -> Visitor:
    """The visitor whose request is being answered; `NOBODY` outside a request."""
    return _current.get()

def set_current(visitor: Visitor) -> None:
    """Make this visitor the current one of this task and of the threads that it starts."""
    _current.set(visitor)

class OwnerCookie(gr.State):
    """An input of handlers: the owner of the request. A browser cannot set it, and no answer contains it."""

    def get_block_name(self) -> str:
        """It is a `State` for the browser."""
        return "state"

    @property
    def owner(self) -> str:
        """The owner of the current request."""
        return current().owner
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component

def new_token() -> str:
    """A fresh secret."""
    return secrets.token_urlsafe(32)

def token_in(cookies: str) -> str:
    """The secret in a `Cookie` header; empty if there is none that this server could have made."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found and _TOKEN.fullmatch(found.value) else ""

def cookie_header(token: str, *, secure: bool, framed: bool) -> str:
    """A `Set-Cookie` header that scripts cannot read.

    Args:
        token: the secret.
        secure: whether the page is reached by HTTPS.
        framed: whether it is shown in a frame of another site, as on a Space; the cookie is then kept for that site.
    """
    parts = [f"{COOKIE}={token}", "Path=/", f"Max-Age={_YEAR}", "HttpOnly"]
    if secure and framed:
        parts += ["Secure", "SameSite=None", "Partitioned"]
    else:
        parts += [*(["Secure"] if secure else []), "SameSite=Lax"]
    return "; ".join(parts)

def address_of(client: str, forwarded: str, *, behind_proxy: bool) -> str:
    """The address of a visitor.

    A proxy appends the address that it saw to `X-Forwarded-For`; whatever stands before it was sent by the visitor and
    proves nothing. So the last address that is not of a private network counts.
    """
    if behind_proxy:
        for part in reversed(forwarded.split(",")):
            if _is_public(part.strip()):
                return part.strip()
    return client

def _is_public(text: str) -> bool:
    try:
        return ip_address(text).is_global
    except ValueError:
        return False

def of_scope(scope: Any) -> Visitor:  # noqa: ANN401
    """The visitor that the door recorded for a request."""
    found = scope.get("state", {}).get("visitor")
    return found if isinstance(found, Visitor) else NOBODY
