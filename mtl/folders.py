"""What lies in a folder that other processes write and delete in at the same time."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder, none without one; what goes away meanwhile is left out, the rest is not.

    (`Path.rglob` raises where a folder goes away between its listing and its reading.)

    Raises:
        OSError: a part of the folder is there and cannot be read.
    """
    for place, _, names in os.walk(folder, onerror=_raise_unless_gone):
        yield from (file for file in (Path(place, name) for name in names) if file.is_file())


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder, without those that go away meanwhile or cannot be read."""
    return sum(_size(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names)


def _size(file: str) -> int:
    with suppress(OSError):
        found = os.stat(file)
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    return 0


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
