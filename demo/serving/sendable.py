"""Answers that can be sent: what no JSON of the browser holds is replaced."""

from typing import Any

import orjson

from mtl.inference.bulk.rows import storable

_MOST = 2**63


def sendable(value: Any) -> Any:  # noqa: ANN401
    """The value itself, or one without half characters and with numbers beyond 64 bits as texts.

    Gradio writes an answer long after its handler has ended, and an error there breaks the connection: the page would
    wait for ever.
    """
    try:
        orjson.dumps(value, default=str)
    except TypeError:
        return _without_large_numbers(storable(value))
    return value


def _without_large_numbers(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and not -_MOST <= value < _MOST:
        return f"{float(value):g}" if abs(value) < 10**300 else "a number of more than 300 digits"
    if isinstance(value, dict):
        return {name: _without_large_numbers(one) for name, one in value.items()}
    return [_without_large_numbers(one) for one in value] if isinstance(value, list) else value
