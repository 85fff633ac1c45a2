"""A text a line."""

from collections.abc import Iterator

from mtl.data.encoding import read_lines
from mtl.data.formats.interface import Format, Source
from mtl.data.place import Place, ReadLog, Row


def read_plain(source: Source, log: ReadLog) -> Iterator[Row]:
    """The lines that are not blank."""
    for number, line in read_lines(source.path, log):
        if line.strip():
            yield Row(Place(source.path, number), {"text": line})


def _is_plain(source: Source) -> bool:
    return source.kind is None and source.suffix == ".txt" and not source.options.columns


PLAIN = Format("text", "a text a line", _is_plain, read_plain)
