"""Which of Gradio's routes this page needs; the others do not exist on it."""

import re
from dataclasses import dataclass

_API = "/gradio_api/"
_ADDRESS = re.compile(r"/gradio_api/file[=/]+[a-z][a-z0-9+.-]+:", re.IGNORECASE)
"""Gradio would fetch it; a single letter is a drive of Windows."""
_CALL = re.compile(r"/gradio_api/call/[a-z_]+(/[0-9a-f]{1,64})?")
"""A handler by its public name, or the answer to a request."""
_OPEN = (
    "/",
    "/login",
    "/login/huggingface",
    "/login/callback",
    "/logout",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/robots.txt",
)
_LONGEST = 255
"""Bytes of the name of a file."""
_LONGEST_PATH = 1000
"""Bytes; macOS allows 1024."""
_FOLDERS = ("/assets/", "/static/", "/svelte/")
_NEEDED = (
    "app_id",
    "call",
    "cancel",
    "file",
    "heartbeat",
    "info",
    "login_check",
    "queue",
    "reset",
    "run",
    "startup-events",
    "theme.css",
    "upload",
    "upload_progress",
    "user",
)
"""What follows `/gradio_api/`: the page itself and Gradio's clients use these."""
_BEFORE_SIGN_IN = ("/", "/login", "/logout", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt")
_OWN_SIGN_IN = ("startup-events", "login_check", "user")


@dataclass(frozen=True, slots=True)
class Route:
    """A path of a request, as far as the door needs to know it."""

    path: str

    @property
    def name(self) -> str:
        """The name of a route of Gradio's interface, such as `queue`; empty for the page and its files."""
        if not self.path.startswith(_API):
            return ""
        first = self.path.removeprefix(_API).partition("/")[0]
        return first.partition("=")[0]

    @property
    def exists(self) -> bool:
        """Whether this page has it."""
        if len(self.path.encode()) > _LONGEST_PATH or any(
            len(part.encode()) > _LONGEST for part in self.path.split("/")
        ):
            return False
        if self.path.startswith(_API):
            needed = self.name in _NEEDED and not _ADDRESS.match(self.path)
            return needed and (self.name != "call" or bool(_CALL.fullmatch(self.path)))
        return (self.path.rstrip("/") or "/") in _OPEN or self.path.startswith(_FOLDERS)

    @property
    def needs_sign_in(self) -> bool:
        """Whether it answers only who is signed in, where a login is required."""
        if self.path.startswith(_API):
            return self.name not in _OWN_SIGN_IN
        return (self.path.rstrip("/") or "/") not in _BEFORE_SIGN_IN and not self.path.startswith(_FOLDERS)

    @property
    def called(self) -> str:
        """The public name of the handler that a program calls by `/gradio_api/call/NAME`; empty for other routes."""
        parts = self.path.removeprefix(_API).split("/")
        return parts[1] if self.name == "call" and len(parts) > 1 else ""

    @property
    def event(self) -> str:
        """The request whose answer a program reads by `/gradio_api/call/NAME/EVENT`; empty for other routes."""
        parts = self.path.removeprefix(_API).split("/")
        return parts[2] if self.called and len(parts) > 2 else ""

    @property
    def is_upload(self) -> bool:
        """Whether its body is a file."""
        return self.name == "upload"

    @property
    def is_sign_in(self) -> bool:
        """Whether it takes a password."""
        return self.path.rstrip("/") == "/login"
