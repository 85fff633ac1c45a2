"""A file of one format as one of another, with all that the other can hold."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mtl.data.columns import ROLES
from mtl.data.formats import CONLL, FORMATS, SHAPES, ReadOptions, Source, Writer, read_records
from mtl.data.formats.conll import has_tags
from mtl.data.label_sets import has_sets
from mtl.data.place import ReadLog, unpacked
from mtl.data.reading import read_files
from mtl.disk import need_other_file, writing
from mtl.errors import DataError, InputError, MtlError
from mtl.recipe.choices import SimilarityLoss, TaskKind
from mtl.recipe.tasks import TaskConfig

_BY_ENDING = {
    ".csv": "table", ".tsv": "table", ".jsonl": "jsonl", ".json": "json", ".xlsx": "xlsx", ".parquet": "parquet",
    ".conll": "conll", ".iob2": "conll", ".bio": "conll", ".spacy": "spacy",
}  # fmt: skip
_PEEKED = 200
_KNOWN = {"text", "label", "labels", "tokens", "tags", "words", "spans", "sentence1", "sentence2", "score"}
_PAIRS = ({"sentence1", "sentence2"}, {"anchor", "positive"})


@dataclass(frozen=True)
class Conversion:
    """How many examples were written, what of the file could not be kept, and the rows that were wrong."""

    examples: int
    kind: TaskKind
    notes: tuple[str, ...]
    rejected: tuple[DataError, ...]


def writers() -> dict[str, Writer]:
    """What can be written, by name."""
    found = {one.name: one.write for one in FORMATS} | {one.name: one.write for one in SHAPES}
    return {name: write for name, write in found.items() if write is not None}


def convert(
    path: Path, target: Path, *, to: str | None = None, kind: TaskKind | None = None, options: ReadOptions | None = None
) -> Conversion:
    """Write the examples of a file in another format.

    Args:
        path: the file.
        target: the file to write.
        to: the name of its format; default: by its ending.
        kind: of task; default: by the first rows.
        options: the format and the columns of the file, where they are said.

    Raises:
        DataError: the file cannot be read, or has no example.
        InputError: there is no such format, it does not hold this kind of examples, or the output is the file itself.
        StorageError: the disk is full, or the file cannot be written for another reason; what was there stays.
    """
    need_other_file(target, path)
    options = options or ReadOptions()
    name = to or _BY_ENDING.get(target.suffix.lower())
    known = writers()
    if name not in known:
        raise InputError(f"a format of {', '.join(known)} was expected, was {name or target.suffix!r}", key="--to")
    kind = kind or kind_of(path, options)
    rejected: list[DataError] = []
    log = ReadLog(rejected.append)
    own: dict[str, Any] = {"multi_label": True} if kind is TaskKind.CLASSIFICATION and _has_sets(path, options) else {}
    if kind is TaskKind.SIMILARITY:  # pairs without scores are examples too
        own = {"head": {"loss": SimilarityLoss.MULTIPLE_NEGATIVES}}
    content = {"kind": kind, "format": options.format, "columns": dict(options.columns), **own}
    config = TaskConfig.model_validate(content)
    try:
        examples = read_files(config, [str(path)], log=log)
    except DataError:
        if rejected:
            raise rejected[0] from None
        raise
    others = _other_columns(path, kind, options)
    if others:
        log.note(f"the columns {', '.join(others)} are not kept")
    _written_whole(target, lambda fresh: known[name](fresh, examples, log))
    rejected.sort(key=lambda error: error.line if isinstance(error.line, int) else 0)
    return Conversion(len(examples), kind, log.notes, tuple(rejected))


def _written_whole(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place and move it there, so that what was there stays where that fails."""
    if target.exists() and not target.is_file():  # a device or a pipe takes what is written, and cannot be replaced
        with writing(target):
            write(target)
        return
    fresh = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        with writing(target):
            write(fresh)
            fresh.replace(target)
    except MtlError as error:
        error.path = str(target) if error.path == str(fresh) else error.path
        raise
    finally:
        fresh.unlink(missing_ok=True)


def kind_of(path: Path, options: ReadOptions) -> TaskKind:
    """What the first rows of a file are examples of.

    Raises:
        DataError: no format reads the file.
    """
    if options.format == CONLL.name or (options.format is None and has_tags(Source(path))):
        return TaskKind.TAGGING
    rows = _first(path, TaskKind.CLASSIFICATION, options)
    columns = {name for row in rows for name in row}
    if any(row.get("spans") for row in rows) or columns >= {"tokens", "tags"} or columns >= {"text", "words", "tags"}:
        return TaskKind.TAGGING
    if any(columns >= pair for pair in _PAIRS):
        return TaskKind.SIMILARITY
    return TaskKind.TAGGING if "spans" in columns and "label" not in columns else TaskKind.CLASSIFICATION


def _has_sets(path: Path, options: ReadOptions) -> bool:
    """Whether texts have sets of labels, of which one has not just one label."""
    rows = _first(path, TaskKind.CLASSIFICATION, options)
    lists = [one for row in rows if isinstance(one := unpacked(row.get("labels", row.get("label"))), list)]
    if lists:
        return any(len(one) != 1 for one in lists)
    return has_sets([row["labels"] for row in rows if "labels" in row])


def _first(path: Path, kind: TaskKind, options: ReadOptions) -> list[Mapping[str, object]]:
    source = Source(path, kind, ROLES[kind], options)
    return [row.values for row in islice(read_records(source, ReadLog(lambda _: None)), _PEEKED)]


def _other_columns(path: Path, kind: TaskKind, options: ReadOptions) -> list[str]:
    names = dict.fromkeys(name for row in _first(path, kind, options) for name in row)
    known = _KNOWN | {"anchor", "positive", "negative"} if kind is TaskKind.SIMILARITY else _KNOWN
    return [name for name in names if name not in known]
