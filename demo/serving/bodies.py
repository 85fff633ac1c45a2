"""The content of a request, looked at before Gradio parses it."""

from collections.abc import Iterator
from typing import Any

import orjson


def parsed(body: bytes) -> dict[str, Any] | None:
    """A body as a JSON object; None if it is none."""
    try:
        found = orjson.loads(body)
    except ValueError:  # too deep also
        return None
    return found if isinstance(found, dict) else None


def names_address(content: Any) -> bool:  # noqa: ANN401
    """Whether a file in a request is an address, which Gradio would fetch, instead of an upload."""
    return any(isinstance(file.get("path"), str) and "://" in file["path"] for file in _files(content))


def _files(content: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
