"""Which names this server answers to, and which sites may send requests to it."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

_HEADER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::", "[::]")
"""Where a server listens on all addresses."""


def served_names(host: str, given: Sequence[str]) -> tuple[str, ...] | None:
    """The names that a service answers to; None for any.

    A service of this machine alone is asked by programs here, and by pages in a browser here that have made their own
    name lead to it (DNS rebinding). One that others reach has names that only its owner knows.

    Args:
        host: where it listens.
        given: names by the command line.
    """
    if not given and not is_loopback(host):
        return None
    return tuple(name.lower() for name in (*LOOPBACK, host.strip("[]"), *given) if name not in EVERYWHERE)


def is_loopback(host: str) -> bool:
    """Whether a server that listens here can be reached from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_known(header: str, names: Sequence[str], *, any_address: bool) -> bool:
    """Whether a `Host` header names this server.

    Args:
        header: with or without a port.
        names: in lower case, without ports; one that begins with a dot stands for all names that end with it.
        any_address: whether every IP address is one of this machine's.
    """
    if not _HEADER.fullmatch(header.strip()):
        return False
    name = name_in(header)
    if any(name == one or (one.startswith(".") and name.endswith(one)) for one in names):
        return True
    return any_address and _is_address(name)


def is_own_site(headers: Mapping[str, str], names: Sequence[str]) -> bool:
    """Whether a request comes from this page itself or from a program, not from the page of another site.

    Browsers say so in `Sec-Fetch-Site`; older ones send `Origin`, which must then name the host that was asked.
    """
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    asked = {name_in(headers.get(header, "")) for header in ("host", "x-forwarded-host")}
    place = name_in(origin.partition("://")[2])
    return bool(place) and place in asked | {name for name in names if not name.startswith(".")}


def name_in(header: str) -> str:
    """The name or address in a `Host` header, without its port, in lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
