"""Files of JSON lines that grow: a line that a crash cut off spoils neither the next one nor the file."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mtl.json_text import parse_json

_CUT_OFF = b" cut off\n"
"""Ends a line that has no end: it was refused or never confirmed, so it must not count, however whole it looks."""


def append_line(path: Path, line: str, *, durable: bool = False) -> None:
    """Add a line to a file, as a line of its own even where the one before has no end; the file is made if need be.

    It is written in one piece, so that lines of several processes do not mix; one before it without an end never
    counts. A `durable` line is on the disk, and not only with the operating system, when this returns; so is the name
    of a file that was made for it.

    Raises:
        OSError: the disk is full or the file cannot be written; at most a line without an end was added.
    """
    with path.open("ab+", buffering=0) as file:
        is_torn = False
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(-1, os.SEEK_END)
            is_torn = file.read() != b"\n"
        rest = memoryview(_CUT_OFF * is_torn + line.encode() + b"\n")
        while rest:
            rest = rest[file.write(rest) :]
        if durable:
            os.fsync(file.fileno())
    if durable and not size:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names of what lies in a folder on the disk, where the system can do that (Windows cannot)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_records(file: BinaryIO) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """The lines from here on, each with its object, or None where it was cut off; a last one without an end waits."""
    for line in file:
        if not line.endswith(b"\n"):
            return
        try:
            record = parse_json(line)
        except ValueError:
            record = None
        yield line, record if isinstance(record, dict) else None
