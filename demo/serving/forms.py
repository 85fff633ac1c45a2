"""The form of an upload, measured while Gradio parses it; nothing of it is kept here."""

from collections.abc import Callable
from typing import Any

from python_multipart.multipart import parse_options_header

from mtl.serving.bodies import Receive, TooLarge, next_part

MOST_FILES = 20
"""In one form."""
LEAST_BYTES = 65_536
"""What a file counts at least, however small it is: it takes a name and a block of the disk."""


class TooManyFiles(Exception):
    """A form has more files than `MOST_FILES`."""


def boundary_of(content_type: str) -> bytes:
    """What stands between the parts of a form; empty if this is no form."""
    kind, options = parse_options_header(content_type)
    return options.get(b"boundary", b"") if kind == b"multipart/form-data" else b""


def measured(receive: Receive, *, boundary: bytes, limit: int, count: Callable[[int], None]) -> Receive:
    """A `receive` that counts the bytes and the files of a form.

    Args:
        receive: gives the form in parts.
        boundary: what stands between its files.
        limit: the most bytes.
        count: is told how many bytes to count for each part.

    Raises:
        TooLarge: (when called) there are more bytes.
        TooManyFiles: (when called) there are more than `MOST_FILES`.
        TooSlow: (when called) nothing came for a while.
    """
    size = files = 0
    mark, last = b"--" + boundary, b""

    async def measuring() -> Any:  # noqa: ANN401
        nonlocal size, files, last
        message = await next_part(receive)
        part = message.get("body", b"") if message["type"] == "http.request" else b""
        joined = last + part
        begun = joined.count(mark)
        last = joined[-len(mark) + 1 :]  # too short to be counted twice
        size, files = size + len(part), files + begun
        count(max(len(part), begun * LEAST_BYTES))
        if size > limit:
            raise TooLarge
        if files > MOST_FILES + 1:  # the last one closes the form
            raise TooManyFiles
        return message

    return measuring
