"""Hugging Face data sets for tagging: `tokens` and `ner_tags`; names of numbers are in the file or in `map_labels`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import note_lost_spaces, original_text, tagged_only, words_of, write_lines
from mtl.data.place import ReadLog, Row

_TOKENS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "ner", "labels", "ner_labels")


def _named(record: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if isinstance(record.get(name), list)), None)


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _matches(record: Mapping[str, object]) -> bool:
    tokens, tags = _named(record, _TOKENS), _named(record, _TAGS)
    if tokens is None or tags is None or ("text" in record and (tokens != "tokens" or not _strings(record[tokens]))):
        return False
    return (tokens, tags) != ("tokens", "tags") or any(isinstance(tag, int) for tag in record["tags"])  # type: ignore[attr-defined]


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    tokens, tags = _named(row.values, _TOKENS), _named(row.values, _TAGS)
    if tokens is None or tags is None:
        raise row.where.error(f"tokens and ner_tags were expected, was {', '.join(row.values)[:60]}")
    found = [str(tag) if isinstance(tag, int) else tag for tag in row.values[tags]]
    yield Row(row.where, {**row.values, "tokens": row.values[tokens], "tags": found})


def _bare(values: Mapping[str, Any]) -> dict[str, Any]:
    tokens = _named(values, _TOKENS)
    return {**values, "tokens": values[tokens]} if tokens is not None else dict(values)


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    kept = tagged_only(examples, "tokens and ner_tags")
    write_lines(path, (_record(example, log) for example in kept))


def _record(example: TaggedText, log: ReadLog) -> dict[str, object]:
    """With the original text where the tokens alone do not give it."""
    record: dict[str, object] = {"tokens": words_of(example), "ner_tags": list(example.tags)}
    text = original_text(example)
    if text is not None:
        return {"text": text, **record}
    note_lost_spaces(example, log)
    return record


HUGGING_FACE = Shape(
    "huggingface",
    "tokens and ner_tags of a Hugging Face data set",
    _matches,
    lambda _: _rows,
    lambda _: _bare,
    _write,
)
