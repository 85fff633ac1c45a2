"""Which names this page answers to."""

from collections.abc import Mapping, Sequence

from mtl.serving.hosts import EVERYWHERE, LOOPBACK

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
    names = [*LOOPBACK, host.strip("[]"), *given, *environment.get("POLYHEAD_HOSTS", "").split()]
    names += [environment["SPACE_HOST"]] if environment.get("SPACE_HOST") else []
    names += [_SHARED] if share else []
    return tuple(name.lower() for name in names if name and name not in EVERYWHERE)
