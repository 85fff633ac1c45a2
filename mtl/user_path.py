"""Paths as a user writes them: in a recipe, on the command line or in a field of the page."""

import errno
import os
from pathlib import Path

from mtl.errors import InputError

_LONGEST_PART, _LONGEST = 255, 4095  # bytes that Linux and macOS take
_SHOWN = 60  # characters


def user_path(written: str | Path) -> Path:
    """The path with `~` and `~name` as home folders; a name of nobody stays as it is.

    Raises:
        InputError: no file could have this path, whatever is on the disk.
    """
    try:
        path = Path(written).expanduser()
    except RuntimeError:  # there is no user of this name
        path = Path(written)
    if not _is_possible(path):
        text = str(written)
        shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
        raise InputError(f"a path was expected, was {shown}")
    return path


def resolved(path: Path) -> Path:
    """The path with no links in it.

    Raises:
        InputError: its links lead in a circle.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError("a file or folder was expected, its links lead in a circle", path=path) from error
    return path.resolve()


def _is_possible(path: Path) -> bool:
    try:
        parts = [os.fsencode(part) for part in (*path.parts, str(path))]
    except UnicodeEncodeError:
        return False
    return (
        not any(b"\0" in part for part in parts)
        and len(parts[-1]) <= _LONGEST
        and all(len(part) <= _LONGEST_PART for part in parts[:-1])
    )
