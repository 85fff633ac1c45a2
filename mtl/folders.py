"""What lies in a folder that other processes write and delete in at the same time."""

import os
from collections.abc import Iterator
from pathlib import Path


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder, none without one; what goes away meanwhile is left out, the rest is not.

    (`Path.rglob` raises where a folder goes away between its listing and its reading.)
    """
    for place, _, names in os.walk(folder):
        yield from (file for file in (Path(place, name) for name in names) if file.is_file())


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder, without those that go away meanwhile."""
    return sum(map(_size, files_in(folder)))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
