"""What finished parts were made of: another input, model or choice makes them worthless."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from mtl.data.formats import ReadOptions, Source
from mtl.errors import DataError
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.bulk.reading import MOST_CHARACTERS, MOST_TEXTS
from mtl.json_text import parse_json

STATE_FILE = "state.json"
_WORDS = {
    "source": "another input",
    "size": "another input",
    "modified": "another input",
    "model": "another model or precision",
    "format": "another kind of output",
    "options": "another format or column of the input",
    "keep": "other kept columns",
    "part_texts": "another number of rows in a partition",
}


@dataclass(frozen=True, slots=True)
class PartsState:
    """The input with its size and when it was modified, the model and how it runs, and what rows keep."""

    source: str
    size: int
    modified: int | str
    model: str
    format: str
    options: str = ""
    keep: tuple[str, ...] = ()
    layout: int = 3
    part_texts: int = MOST_TEXTS
    part_characters: int = MOST_CHARACTERS

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(asdict(self))

    def differences(self, text: str | bytes) -> tuple[str, ...]:
        """The names of the fields that the text of a file has other values of, or lacks; all where it is damaged."""
        own = json.loads(self.to_json())
        try:
            found = parse_json(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            return tuple(own)
        return tuple(name for name in dict.fromkeys([*own, *found]) if own.get(name) != found.get(name))


def in_words(differences: Iterable[str]) -> str:
    """What the fields of a state are that differ."""
    return " and ".join(dict.fromkeys(_WORDS.get(name, "another version") for name in differences))


def file_state(source: Source, *, model: str, form: OutputFormat, keep: tuple[str, ...]) -> PartsState:
    """The state of the parts of a file on disk.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        stat = source.path.stat()
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=source.path) from error
    said = options_text(source.options)
    name = type(form).__name__
    return PartsState(str(source.path.resolve()), stat.st_size, stat.st_mtime_ns, model, name, said, keep)


def options_text(options: ReadOptions) -> str:
    """How an input is read, as a state has it."""
    return json.dumps(asdict(options), sort_keys=True)
