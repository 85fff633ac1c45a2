"""Typed and uploaded sentences; all checks of length, size and file type are here."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from demo.inputs.endings import text_files
from demo.reading import in_child
from demo.settings import Settings
from mtl.data.columns import guess
from mtl.data.formats import ReadOptions, Source
from mtl.data.formats.packed import is_packed
from mtl.data.place import ReadLog
from mtl.data.texts import TextRow, read_texts
from mtl.errors import DataError, InputError
from mtl.recipe import TaskKind
from mtl.text import clean

_GROUPS = ("label", "group")
_MOST_COLUMNS = 1_000
_NAMED = 3  # rows without a text that are named
_GUESS: Mapping[str, str] = MappingProxyType({})
_SHOWN = 200
"""The number of lines of a longer file that a text box shows."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Cleaned sentences, the group of each if the file has groups, and notes on how the file was read.

    `rows` are all rows of the file, of which those with a text are the sentences; `rejected` says what is wrong with
    the others.
    """

    texts: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    rows: tuple[TextRow, ...] = ()
    rejected: tuple[DataError, ...] = ()

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


def given_texts(given: object, settings: Settings) -> tuple[str, ...]:
    """Clean what a program sends: a text, or a list of texts, none of them blank.

    Raises:
        InputError: it is something else, or too much.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise InputError("A text or a list of texts was expected, none of them blank.")
    _need_length("".join(texts), settings)
    return _need_count(tuple(clean(text) for text in texts), settings)


@in_child
def read_sentences(
    path: Path, settings: Settings, columns: Mapping[str, str] = _GUESS, *, kind: TaskKind | None = None
) -> Sentences:
    """Read a `.txt` file (one sentence per line), or a text and optionally a `label` or `group` in each row of a table.

    Args:
        path: the file.
        settings: of the page.
        columns: those of `text` and `label` where they are chosen; an empty name for no label.
        kind: of task whose rows are read, without those that are not annotated; default: every row with a text.

    Raises:
        InputError: the file is too large or of another type.
        DataError: no format reads it, or every row is wrong.
    """
    suffix, allowed = path.suffix.lower(), text_files(settings)
    if suffix not in allowed:
        raise InputError(f"A file of type {', '.join(allowed)} was expected, was {path.suffix!r}.")
    need_size(path, settings)
    rejected: list[DataError] = []
    log = ReadLog(rejected.append)
    options = ReadOptions(columns={role: column for role, column in columns.items() if column})
    source = Source(path, None if suffix == ".txt" else kind, ("text",), options)
    rows = tuple(_up_to(settings.max_file_sentences, read_texts(source, log), path))
    rejected.sort(key=lambda error: error.line if isinstance(error.line, int) else 0)  # readers look ahead
    found = [(" ".join(row.text.split()), row) for row in rows if row.text is not None]
    if not found:
        raise next(iter(rejected), InputError("at least one sentence was expected, the file has none.", path=path))
    groups = None
    if columns.get("label") != "":
        groups = _groups(path, [row.values for _, row in found], log)
    notes = (*log.notes, *_left_out(rejected))
    return Sentences(tuple(text for text, _ in found), groups, notes, rows, tuple(rejected))


def _up_to(most: int, rows: Iterable[TextRow], path: Path) -> Iterator[TextRow]:
    count = 0
    for row in rows:
        need_columns(row.values, path)
        count += row.text is not None
        if count > most:
            raise InputError(f"at most {most:,} sentences were expected, the file has more.", path=path)
        yield row


def _left_out(rejected: Sequence[DataError]) -> list[str]:
    """A sentence for each of the first rows without a text."""
    shown = [f"1 row is left out: {error.sentence(lambda path: Path(path).name)}" for error in rejected[:_NAMED]]
    more = len(rejected) - len(shown)
    return [*shown, f"{more:,} more {'row is' if more == 1 else 'rows are'} left out"] if more else shown


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


def need_columns(names: Collection[str], path: Path) -> None:
    """Refuse a table with more columns than a page can show.

    Raises:
        InputError: there are more.
    """
    if len(names) > _MOST_COLUMNS:
        raise InputError(f"at most {_MOST_COLUMNS:,} columns were expected, were {len(names):,}", path=path)


def _groups(path: Path, rows: Sequence[Mapping[str, object]], log: ReadLog) -> tuple[str, ...] | None:
    names = _group_columns(path, list(rows[0]), log)
    values = [next((row[name] for name in names if row.get(name) is not None), None) for row in rows]
    groups = ["" if value is None else clean(str(value)).strip() for value in values]
    return tuple(group or "none" for group in groups) if any(groups) else None


def _group_columns(path: Path, names: list[str], log: ReadLog) -> tuple[str, ...]:
    """Those that hold the group of a text: of the usual names, else one that is likely a label, with a note."""
    if any(name in names for name in _GROUPS):
        return _GROUPS
    found = guess(("label",), [name for name in names if name != "text"]).get("label")
    if found is None:
        return ()
    log.note(f"{path.name}: the column {found} is read as label")
    return (found,)


def _need_length(text: str | None, settings: Settings) -> None:
    if text is None:  # from a program; the page sends an empty text
        raise InputError("A text was expected, was none.")
    if len(text) > settings.max_characters:
        raise InputError(f"At most {settings.max_characters:,} characters at once were expected, were {len(text):,}.")


def _need_count(texts: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    if len(texts) > settings.max_sentences:
        raise InputError(f"At most {settings.max_sentences:,} sentences at once were expected, were {len(texts):,}.")
    return texts
