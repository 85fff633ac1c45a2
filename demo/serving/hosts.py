"""Which names this server answers to, and which sites may send requests to it."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

_HEADER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SHARED = ".gradio.live"


def allowed_names(host: str, *, share: bool, given: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names in `Host` headers that are answered; a name that starts with a dot stands for all below it.

    A page that anybody can resolve to this machine (DNS rebinding) has a name of its own, so unknown names are refused.
    Addresses are no names and cannot be rebound; `is_known` lets them in where the page listens on all addresses.

    Args:
        host: where the server listens.
        share: whether a public link leads to it.
        given: names by the command line.
        environment: a Space names itself in `SPACE_HOST`.
    """
    names = [*_LOOPBACK, host.strip("[]"), *given, *environment.get("POLYHEAD_HOSTS", "").split()]
    names += [environment["SPACE_HOST"]] if environment.get("SPACE_HOST") else []
    names += [_SHARED] if share else []
    return tuple(name.lower() for name in names if name not in ("0.0.0.0", "::", ""))


def is_known(header: str, names: Sequence[str], *, any_address: bool) -> bool:
    """Whether a `Host` header names this server.

    Args:
        header: with or without a port.
        names: by `allowed_names`.
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
