"""`serve`: a model over HTTP."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

from mtl.errors import InputError
from mtl.serving.keys import read_keys
from mtl.serving.limits import ServeLimits

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "orjson")


def serve_command(
    checkpoint: str,
    where: tuple[str, int],
    *,
    precision: str,
    name: str | None,
    key_file: Path | None,
    limits: Sequence[str],
    allow_hosts: Sequence[str],
) -> None:
    """Serve a model on a host and port until it is interrupted."""
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise InputError(f"serve needs {', '.join(missing)}: pip install 'polyhead[serve]'")
    from mtl.serving.server import ServeOptions, serve

    host, port = where
    keys = read_keys(key_file, os.environ)
    serve(checkpoint, ServeOptions(host, port, precision, name, keys, parse_limits(limits), tuple(allow_hosts)))


def parse_limits(given: Sequence[str]) -> ServeLimits:
    """The limits with those that are given as `NAME=NUMBER`.

    Raises:
        InputError: there is no such limit, or it is no positive number.
    """
    found = ServeLimits()
    kinds = {name: type(value) for name, value in asdict(found).items()}
    for one in given:
        name, _, value = one.partition("=")
        if name not in kinds:
            raise InputError(f"a limit of {', '.join(kinds)} was expected, was {name!r}", key="--limit")
        try:
            number = kinds[name](value)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            wanted = "a whole number" if kinds[name] is int else "a number"
            raise InputError(f"{name} is {wanted} above 0, was {value!r}", key="--limit")
        found = replace(found, **{name: number})
    return found
