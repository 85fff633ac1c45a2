"""What a format is: how it is told by its content, and how its rows are read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mtl.data.encoding import HEAD, encoding_of, read_head
from mtl.data.examples import Example
from mtl.data.place import Place, ReadLog, Row
from mtl.recipe.choices import TaskKind


@dataclass(frozen=True)
class ReadOptions:
    """How files are to be read where it is said: the name of a format, and the column of each role (see `ROLES`)."""

    format: str | None = None
    columns: Mapping[str, str | int] = field(default_factory=dict)
    keep_numbers: bool = False
    """Whether classes that a file stores by number keep it, although the file has their names."""


@dataclass(frozen=True)
class Source:
    """A file to read, what for, and how."""

    path: Path
    kind: TaskKind | None = None
    """The kind of task that wants its rows, None where only texts are wanted."""
    wanted: tuple[str, ...] = ()
    """The columns that rows must have in the end."""
    options: ReadOptions = ReadOptions()
    rows: Callable[[], Iterator[Row]] | None = None
    """Gives the rows of what is no file, such as a split of a Hub data set."""
    optional: tuple[str, ...] = ()
    """Columns that rows may have; a file may lack those of `wanted` that are among them."""

    @property
    def suffix(self) -> str:
        """The ending in lower case, which decides only where the content could be several things."""
        return self.path.suffix.lower()

    @property
    def start(self) -> Place:
        """The first line."""
        return Place(self.path, 1)

    @cached_property
    def head(self) -> bytes:
        """The first bytes."""
        return read_head(self.path)

    @cached_property
    def text(self) -> str:
        """The first bytes as text."""
        encoding = encoding_of(self.path)
        return (
            self.head[encoding.mark :].decode(encoding.name, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        )

    @cached_property
    def lines(self) -> list[str]:
        """The first lines; the last may be cut off where the file goes on."""
        return self.text.split("\n")

    @property
    def whole_lines(self) -> list[str]:
        """The first lines without one that is cut off."""
        return self.lines[:-1] if len(self.head) == HEAD and len(self.lines) > 1 else self.lines

    def chosen(self, role: str) -> str | int | None:
        """The column that was named for a role."""
        return self.options.columns.get(role)


Writer = Callable[[Path, Sequence[Example], ReadLog], None]
"""Writes examples of one kind and notes what the format cannot hold of them."""


@dataclass(frozen=True)
class Format:
    """A kind of file: rows of records."""

    name: str
    about: str
    detect: Callable[[Source], bool]
    read: Callable[[Source, ReadLog], Iterator[Row]]
    write: Writer | None = None


RowReader = Callable[[Row, ReadLog], Iterator[Row]]


@dataclass(frozen=True)
class Shape:
    """What the records of one annotation tool look like, whatever file they are in.

    `reader` takes the first records of a file, which settle what holds for all. It returns what gives for a record one
    or more that have the columns `text,label`, `tokens,tags`, `text,spans`, `text,words,tags` or
    `sentence1,sentence2,score`, or none where the record says that it is not to be used.

    `bare` takes the first records too, and returns what gives the columns of a record without what is marked in it.
    """

    name: str
    about: str
    matches: Callable[[Mapping[str, object]], bool]
    reader: Callable[[Sequence[Mapping[str, Any]]], RowReader]
    bare: Callable[[Sequence[Mapping[str, Any]]], Callable[[Mapping[str, Any]], dict[str, Any]]]
    write: Writer | None = None
    is_strict: bool = False
    """Whether every record of this tool matches, so that a file without one is none of its."""
