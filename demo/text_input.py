"""The door for typed and uploaded sentences: lengths, sizes and types are checked here and nowhere else."""

import csv
from dataclasses import dataclass
from pathlib import Path

from demo.settings import Settings
from mtl.errors import InputError
from mtl.text import clean

SENTENCE_FILES = (".txt", ".csv")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Cleaned sentences, and the group of each one if a file gave groups."""

    texts: tuple[str, ...]
    groups: tuple[str, ...] | None = None


def lines_of(text: str, settings: Settings) -> tuple[str, ...]:
    """The lines of a text that are not blank.

    Raises:
        InputError: there is none, or there is more than the page takes.
    """
    _need_length(text, settings)
    lines = tuple(line.strip() for line in clean(text).splitlines() if line.strip())
    if not lines:
        raise InputError("Type at least one sentence.")
    return _need_count(lines, settings)


def one_text(text: str, settings: Settings) -> str:
    """The text as typed, cleaned.

    Raises:
        InputError: it is blank or too long.
    """
    _need_length(text, settings)
    if not text.strip():
        raise InputError("Type a sentence first.")
    return clean(text)


def read_sentences(path: Path, settings: Settings) -> Sentences:
    """Sentences of an uploaded `.txt` (one a line) or `.csv` (column `text`, optionally `group`).

    Raises:
        InputError: the file is too large, of another type, or not what its ending says.
    """
    suffix = path.suffix.lower()
    if suffix not in SENTENCE_FILES:
        raise InputError(f"A file ending in {' or '.join(SENTENCE_FILES)} was expected, was {path.suffix!r}.")
    need_size(path, settings)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The file is no UTF-8 text: byte {error.start} cannot be read.") from error
    return _from_csv(text, settings) if suffix == ".csv" else Sentences(lines_of(text, settings))


def need_size(path: Path, settings: Settings) -> None:
    """Refuse a file over the upload limit.

    Raises:
        InputError: it is over.
    """
    megabytes = path.stat().st_size / 1e6
    if megabytes > settings.max_upload_mb:
        raise InputError(f"A file of at most {settings.max_upload_mb:g} MB was expected, was {megabytes:.1f} MB.")


def _from_csv(text: str, settings: Settings) -> Sentences:
    _need_length(text, settings)
    reader = csv.DictReader(clean(text).splitlines(keepends=True))
    columns = reader.fieldnames or []
    if "text" not in columns:
        raise InputError(f"Line 1: a column named text was expected, was {', '.join(columns)[:80] or 'nothing'}.")
    try:
        rows = [row for row in reader if (row["text"] or "").strip()]
    except csv.Error as error:
        raise InputError(f"Line {reader.line_num}: valid CSV was expected: {error}.") from error
    if not rows:
        raise InputError("At least one row with a text was expected, the file has none.")
    texts = _need_count(tuple(" ".join(row["text"].split()) for row in rows), settings)
    groups = tuple((row["group"] or "").strip() or "none" for row in rows) if "group" in columns else None
    return Sentences(texts, groups)


def _need_length(text: str, settings: Settings) -> None:
    if len(text) > settings.max_characters:
        raise InputError(f"At most {settings.max_characters:,} characters at once, these are {len(text):,}.")


def _need_count(texts: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    if len(texts) > settings.max_sentences:
        raise InputError(f"At most {settings.max_sentences:,} sentences at once, these are {len(texts):,}.")
    return texts
