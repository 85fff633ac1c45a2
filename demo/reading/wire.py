"""Messages between the page and a child: a length and a pickle, of which the page takes only records of data.

A child has read what a stranger sent, so its answer is not trusted: it may hold classes of data alone. A value of any
other class, such as a date in a Parquet file, crosses as its text.
"""

import io
import pickle
import struct
from typing import Any

_HEADER = struct.Struct("!Q")
_DATA = (
    "demo.answers.predicted",
    "demo.inputs",
    "demo.training.corrected_data",
    "demo.training.freezing_choice",
    "demo.training.recipe_form",
    "demo.training.recipe_reading",
    "mtl.backbones.catalogue.entry",
    "mtl.backbones.catalogue.summary",
    "mtl.data",
    "mtl.errors",
    "mtl.labels",
    "mtl.recipe",
    "mtl.text",
)
"""Modules and packages whose classes may cross."""
_BUILTINS = ("bytearray", "complex", "frozenset", "set", "str")


class UnwantedAnswerError(pickle.UnpicklingError):
    """An answer holds something else than data."""


def framed(content: bytes) -> bytes:
    """A message."""
    return _HEADER.pack(len(content)) + content


def header_size() -> int:
    """Bytes before the content of a message."""
    return _HEADER.size


def content_size(header: bytes) -> int:
    """Bytes of the content that follows a header."""
    return int(_HEADER.unpack(header)[0])


def content_of(message: bytes | bytearray) -> memoryview | None:
    """The content of a message, or None if it is not whole."""
    size = _HEADER.size
    if len(message) < size or len(message) - size != content_size(bytes(message[:size])):
        return None
    return memoryview(message)[size:]


def dump_answer(answer: object) -> bytes:
    """An answer as bytes.

    Raises:
        RecursionError: it is nested too deeply.
    """
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(answer)
    return buffer.getvalue()


def load_answer(content: bytes | memoryview) -> Any:  # noqa: ANN401
    """What `dump_answer` wrote.

    Raises:
        UnpicklingError: it is no answer, or holds something else than data.
    """
    return _Unpickler(io.BytesIO(content)).load()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, type) or _is_data(type(value).__module__, type(value).__qualname__):
            return NotImplemented
        return str, (str(value),)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if _is_data(module, name):
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise UnwantedAnswerError(f"data were expected, was {module}.{name}")


def _is_data(module: str, name: str) -> bool:
    if module == "builtins":
        return name in _BUILTINS
    if module == "pathlib":
        return name in ("PosixPath", "PurePosixPath", "WindowsPath")
    return any(module == one or module.startswith(f"{one}.") for one in _DATA)
