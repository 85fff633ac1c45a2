"""JSON: one object a line, or one array of them, or an object that holds them."""

import json
import re
from collections.abc import Iterator, Sequence
from json import JSONDecoder
from pathlib import Path
from typing import Any

from mtl.data.encoding import read_lines
from mtl.data.examples import Example
from mtl.data.formats.class_names import class_names, named
from mtl.data.formats.interface import Format, Source
from mtl.data.formats.writing import write_array
from mtl.data.place import Place, ReadLog, Row, shown
from mtl.data.writing import record_of, write_examples
from mtl.errors import DataError
from mtl.json_text import parse_json
from mtl.text.words import clean_all

OPENS = re.compile(r'\s*(\{\s*["}]|\[\s*[\{\["\]])')
_HALF = "\\ud"
"""How half of a character begins, and each half of one outside of the first plane."""
_SPACE = re.compile(r"[\s,]*")
_TOKENS = ("tokens", "words", "tokenized_text")  # a list of them is one record, not a column
_HOLDERS = ("data", "rows", "annotations", "examples", "records", "items")


def read_jsonl(source: Source, log: ReadLog) -> Iterator[Row]:
    """An object a line; a line that is none is bad."""
    names = _sibling_names(source, log)
    for number, line in read_lines(source.path, log):
        if not line.strip():
            continue
        where = Place(source.path, number)
        try:
            record = _record(_parsed(line, where), where)
        except DataError as error:
            log.bad(error)
            continue
        yield Row(where, named(record, names))


def read_json(source: Source, log: ReadLog) -> Iterator[Row]:
    """The objects of an array, or of the list that an object holds, each with the line that it begins in.

    Raises:
        DataError: the file is no valid JSON from some line on, or holds no objects.
    """
    text = "".join(f"{line}\n" for _, line in read_lines(source.path, log))
    names = _sibling_names(source, log)
    for where, value in _values(text, source):
        try:
            record = _record(value, where)
        except DataError as error:
            log.bad(error)
            continue
        yield Row(where, named(record, names))


def is_json(source: Source) -> bool:
    """Whether a file begins as JSON does; an ending of JSON decides where it begins as nothing that is known."""
    return bool(OPENS.match(source.text)) or source.suffix in (".jsonl", ".json", ".ndjson")


def is_jsonl(source: Source) -> bool:
    """Whether the first line is a record by itself."""
    if not is_json(source):
        return False
    first = next((line for line in source.lines if line.strip()), "").strip()
    if first == "[":
        return False
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return source.suffix == ".jsonl" or (first.startswith("{") and len(first) > 1 and len(source.lines) == 1)
    if isinstance(value, list):
        return _is_pair(value) or (
            source.suffix == ".jsonl" and not any(isinstance(one, (dict, list)) for one in value)
        )
    is_only = sum(bool(line.strip()) for line in source.lines) == 1
    return source.suffix == ".jsonl" or not (is_only and isinstance(value, dict) and _held(value) is not None)


def _parsed(text: str, where: Place) -> object:
    try:
        return _cleaned(json.loads(text), text)
    except (ValueError, RecursionError) as error:
        raise where.error(f"a JSON object was expected, was {text[:60]!r}") from error


def _cleaned(value: object, text: str) -> object:
    """JSON can write half a character; UTF-8 and what else takes the texts from here cannot."""
    return clean_all(value) if _HALF in text or _HALF.upper() in text else value


def _record(value: object, where: Place) -> dict[str, Any]:
    if isinstance(value, list) and _is_pair(value):  # the training pairs of spaCy: a text and what is in it
        return {"text": value[0], **value[1]}
    if not isinstance(value, dict):
        raise where.error(f"a JSON object was expected, was {shown(value)}")
    return value


def _is_pair(value: list[Any]) -> bool:
    return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def _values(text: str, source: Source) -> Iterator[tuple[Place, object]]:
    start = _SPACE.match(text).end()  # type: ignore[union-attr]
    if text[start : start + 1] == "[":
        yield from _elements(text, start + 1, source)
        return
    value, end = _decoded(text, start, source)
    _need_end(text, end, source)
    held = _held(value) if isinstance(value, dict) else None
    if held is None:
        raise source.start.error("a list of JSON objects was expected")
    for number, one in enumerate(held, start=1):
        yield Place(source.path, f"record {number}"), one


def _elements(text: str, position: int, source: Source) -> Iterator[tuple[Place, object]]:
    position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
    before, line, number = 0, 1 + text.count("\n", 0, position), 1
    while text[position : position + 1] != "]":
        value, end = _decoded(text, position, source)
        end = _SPACE.match(text, end).end()  # type: ignore[union-attr]
        after = line + text.count("\n", position, end)
        is_alone = before < line and (line < after or text[end : end + 1] == "]")
        yield Place(source.path, line if is_alone else f"record {number}"), value
        before, line, position, number = line, after, end, number + 1
    _need_end(text, position + 1, source)


def _need_end(text: str, position: int, source: Source) -> None:
    rest = text[position:].lstrip()
    if rest:
        line = text.count("\n", 0, len(text) - len(rest)) + 1
        raise Place(source.path, line).error(f"the end of the file was expected after its JSON, was {rest[:40]!r}")


def _decoded(text: str, position: int, source: Source) -> tuple[object, int]:
    try:
        value, end = JSONDecoder().raw_decode(text, position)
        return _cleaned(value, text), end
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, error.pos) + 1
        raise Place(source.path, line).error(f"valid JSON was expected: {error.msg[:60]}") from error
    except RecursionError as error:
        line = text.count("\n", 0, position) + 1
        raise Place(source.path, line).error("a JSON object was expected, was one nested too deeply") from error
    except ValueError as error:
        line = text.count("\n", 0, position) + 1
        raise Place(source.path, line).error("numbers of at most 4,300 digits were expected") from error


def _held(value: dict[str, Any]) -> list[Any] | None:
    """The records of an object: those of a list that it holds, or rows of columns that it holds."""
    for name in _HOLDERS:
        if isinstance(value.get(name), list) and any(isinstance(one, (dict, list)) for one in value[name]):
            return list(value[name])
    columns = list(value.values())
    if any(isinstance(value.get(name), list) and all(isinstance(t, str) for t in value[name]) for name in _TOKENS):
        return None
    if columns and all(isinstance(column, list) for column in columns) and len({len(c) for c in columns}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    if columns and all(isinstance(column, dict) for column in columns):
        if all("fields" in column for column in columns):  # records by their id
            return columns
        if len({tuple(column) for column in columns}) == 1:  # columns of numbered rows
            return [{name: value[name][key] for name in value} for key in columns[0]]
    return None


def _sibling_names(source: Source, log: ReadLog) -> dict[str, tuple[str, ...]]:
    """Names of classes from the `dataset_info.json` of a data set's folder."""
    file = source.path.with_name("dataset_info.json")
    if source.options.keep_numbers or not file.is_file() or file == source.path:
        return {}
    try:
        names = class_names(parse_json(file.read_text(encoding="utf-8"))["features"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if names:
        log.note(f"{source.path.name}: numbers of {', '.join(names)} are read as the names in dataset_info.json")
    return names


def _write_jsonl(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    write_examples(path, examples)


def _write_json(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    write_array(path, map(record_of, examples))


JSONL = Format("jsonl", "a JSON object a line", is_jsonl, read_jsonl, _write_jsonl)
JSON = Format("json", "an array of JSON objects", lambda s: is_json(s) and not is_jsonl(s), read_json, _write_json)
