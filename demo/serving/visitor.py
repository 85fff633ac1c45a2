"""Who asks: the owner of the browser's cookie, and the network address."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from http.cookies import CookieError, SimpleCookie
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


class Owner(Enum):
    """The value of an input that stands for the owner of the request."""

    OF_REQUEST = "owner"


def owner_input() -> gr.State:
    """An input of handlers: the owner of the request. A browser cannot set it, and no answer contains it."""
    return gr.State(Owner.OF_REQUEST)


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


def token_of_account(session: Mapping[str, Any], secret: str) -> str:
    """The owner of who signed in with a Hugging Face account; empty if nobody did.

    It is the same on every device of the account, and cannot be made from the public name of it.

    Args:
        session: what Gradio's sign-in stored in its signed cookie.
        secret: that of the Space's sign-in application.
    """
    account = session.get("oauth_info", {}).get("userinfo", {}).get("sub")
    if not account or not secret:
        return ""
    digest = hmac.new(secret.encode(), f"owner {account}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


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


def of_scope(scope: Any) -> Visitor:  # noqa: ANN401
    """The visitor that the door recorded for a request."""
    found = scope.get("state", {}).get("visitor")
    return found if isinstance(found, Visitor) else NOBODY
