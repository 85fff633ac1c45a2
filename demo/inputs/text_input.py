"""Typed and uploaded sentences; all checks of length, size and file type are here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.inputs.endings import text_files
from demo.settings import Settings
from mtl.data import TaskLog
from mtl.data.columns import guess
from mtl.data.encoding import read_lines
from mtl.data.formats import Source
from mtl.data.formats.packed import is_packed
from mtl.data.place import ReadLog
from mtl.data.rows import read_rows
from mtl.errors import InputError
from mtl.text import clean

_GROUPS = ("label", "group")
_SHOWN = 200
"""The number of lines of a longer file that a text box shows."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Cleaned sentences, the group of each if the file has groups, and notes on how the file was read."""

    texts: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The first sentences for a text box, one per line."""
        return "\n".join(self.texts[:_SHOWN])


def lines_of(text: str, settings: Settings) -> tuple[str, ...]:
    """Split a text into its lines that are not blank.

    Raises:
        InputError: there is no such line, or the text is too long.
    """
    _need_length(text, settings)
    lines = tuple(line.strip() for line in clean(text).splitlines() if line.strip())
    if not lines:
        raise InputError("Type at least one sentence.")
    return _need_count(lines, settings)


def one_text(text: str, settings: Settings) -> str:
    """Clean a typed text.

    Raises:
        InputError: it is blank or too long.
    """
    _need_length(text, settings)
    if not text.strip():
        raise InputError("Type a sentence first.")
    return clean(text)


def read_sentences(path: Path, settings: Settings) -> Sentences:
    """Read a `.txt` file (one sentence per line), or a text and optionally a `label` or `group` in each row of a table.

    Raises:
        InputError: the file is too large or of another type.
        DataError: no format reads it, or a row is wrong.
    """
    suffix, allowed = path.suffix.lower(), text_files(settings)
    if suffix not in allowed:
        raise InputError(f"A file of type {', '.join(allowed)} was expected, was {path.suffix!r}.")
    need_size(path, settings)
    found = Sentences(tuple(_lines(path))) if suffix == ".txt" else _from_table(path)
    if not found.texts:
        raise InputError("at least one sentence was expected, the file has none.", path=path)
    if len(found.texts) > settings.max_file_sentences:
        message = f"at most {settings.max_file_sentences:,} sentences were expected, the file has {len(found.texts):,}."
        raise InputError(message, path=path)
    return found


def need_size(path: Path, settings: Settings) -> None:
    """Refuse a file over the upload limit, and on a public page one that expands when it is read.

    Raises:
        InputError: the file is larger, or compressed.
    """
    megabytes = path.stat().st_size / 1e6
    if megabytes > settings.max_upload_mb:
        raise InputError(f"A file of at most {settings.max_upload_mb:g} MB was expected, was {megabytes:.1f} MB.")
    if settings.public and is_packed(path):
        raise InputError("A file that is not compressed was expected.")


def _lines(path: Path) -> Iterator[str]:
    for _, line in read_lines(path):
        if line.strip():
            yield clean(" ".join(line.split()))


def _from_table(path: Path) -> Sentences:
    texts: list[str] = []
    groups: list[str] = []
    log = TaskLog()
    columns: tuple[str, ...] | None = None
    for row in read_rows(Source(path, wanted=("text",)), log):
        if columns is None:
            columns = _group_columns(path, list(row.values), log)
        texts.append(" ".join(clean(row.text("text")).split()))
        value = next((row.values[name] for name in columns if row.values.get(name) is not None), None)
        groups.append("" if value is None else clean(str(value)).strip())
    named = tuple(group or "none" for group in groups) if any(groups) else None
    return Sentences(tuple(texts), named, log.notes)


def _group_columns(path: Path, names: list[str], log: ReadLog) -> tuple[str, ...]:
    """Those that hold the group of a text: of the usual names, else one that is likely a label, with a note."""
    if any(name in names for name in _GROUPS):
        return _GROUPS
    found = guess(("label",), [name for name in names if name != "text"]).get("label")
    if found is None:
        return ()
    log.note(f"{path.name}: the column {found} is read as label")
    return (found,)


def _need_length(text: str, settings: Settings) -> None:
    if len(text) > settings.max_characters:
        raise InputError(f"At most {settings.max_characters:,} characters at once were expected, were {len(text):,}.")


def _need_count(texts: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    if len(texts) > settings.max_sentences:
        raise InputError(f"At most {settings.max_sentences:,} sentences at once were expected, were {len(texts):,}.")
    return texts
