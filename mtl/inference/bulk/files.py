"""A file of any size through an engine: in parts, in order, in constant memory, and on from where it was interrupted.

Finished parts lie in `OUTPUT.partial` until all are there. Each row of the input is a row of the output. One without a
readable text has null values there, and stands with the reason in `OUTPUT.rejects.jsonl`.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path

from mtl.data.formats import Source
from mtl.data.place import ReadLog
from mtl.data.texts import TextRow, read_texts, text_source
from mtl.errors import DataError, InputError
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.bulk.rows import KEEP_ALL, TEXT, OutputRow, kept_names, output_row
from mtl.inference.engine import Engine
from mtl.jsonl import append_line
from mtl.memory import release_memory

_MOST_TEXTS = 4096  # of a part
_MOST_CHARACTERS = 4_000_000  # of a part, unless one text has more
_PEEKED = 1000  # rows that show the columns
_STATE_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class FileResult:
    """How many texts were run, how many rows of them an earlier call had written, and the rows that were rejected."""

    texts: int
    resumed: int
    rejected: int
    rejects: Path
    """The file that names them; it exists only if there are any."""
    notes: tuple[str, ...] = ()
    """What the user should know of how the input was read."""


@dataclass(frozen=True, slots=True)
class _State:
    """What the parts on disk were made of; another input or model makes them worthless."""

    source: str
    size: int
    modified: int
    model: str
    format: str
    options: str = ""
    keep: tuple[str, ...] = ()
    layout: int = 2
    part_texts: int = _MOST_TEXTS
    part_characters: int = _MOST_CHARACTERS


@dataclass(frozen=True, slots=True)
class BulkOutput:
    """Where the output goes, how it is written, and which columns of the input it keeps; `(KEEP_ALL,)` keeps all."""

    target: Path
    form: OutputFormat
    keep: tuple[str, ...] = ()


def run_file(
    engine: Engine, source: Path | Source, output: BulkOutput, *, progress: Callable[[int], None]
) -> FileResult:
    """Run every text of a file and write the output; what an interrupted call finished is kept.

    Args:
        engine: runs the texts.
        source: a file of any format, and how it is to be read (`mtl.data.texts.text_source`).
        output: what is written.
        progress: is told after each part how many rows are done.

    Raises:
        DataError: the input cannot be read, or lacks a column that is to be kept.
        InputError: it has no text, or the output would replace it.
    """
    source = text_source(source) if isinstance(source, Path) else source
    target, form = output.target, output.form
    folder = target.with_name(f"{target.name}.partial")
    _need_apart(source.path, target, folder)
    finished = _finished_parts(folder, _state(engine, source, output), form)
    parts: list[Path] = []
    texts = resumed = done = 0
    rejects, index = _Rejects(target.with_name(f"{target.name}.rejects.jsonl")), _Index(target, folder, form)
    log = ReadLog(rejects)
    try:
        read = read_texts(source, log)
        first = _first_rows(read)
        columns = _kept_columns(first, output.keep, source.path) if first else {}
        for chunk in _chunks(chain(first, read)):
            _note_others(chunk, columns, output.keep, log)
            rows = [output_row(row, columns) for row in chunk]
            part = folder / f"{len(parts):06d}{form.suffix}"
            if part in finished:
                resumed += len(rows)
            else:
                fresh = part.with_name(f".{part.name}")
                form.write(fresh, engine, rows)
                fresh.replace(part)
                release_memory()
            index.add(rows)
            parts.append(part)
            texts += sum(row.text is not None for row in rows)
            done += len(rows)
            progress(done)
        if not texts:
            rejects.path.unlink(missing_ok=True)
            raise rejects.first or InputError("at least one text was expected, the file has none", path=source.path)
    except (DataError, InputError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _assemble(parts, target, form)
    index.finish()
    shutil.rmtree(folder)
    return FileResult(texts, resumed, rejects.count, rejects.path, log.notes)


def _kept_columns(rows: Sequence[TextRow], keep: Sequence[str], path: Path) -> dict[str, str]:
    """The columns to keep and their names in the output, by the first rows.

    Raises:
        DataError: there is no such column.
    """
    there = tuple(dict.fromkeys(name for row in rows for name in row.values))
    if KEEP_ALL in keep:
        return kept_names([name for name in there if name != TEXT])
    missing = [name for name in keep if name not in there]
    if missing:
        among = ", ".join(there[:8]) or "none"
        raise DataError(f"the column {missing[0]} was expected to be kept, is missing among {among}", path=path)
    return kept_names(keep)


def _first_rows(rows: Iterator[TextRow]) -> list[TextRow]:
    """As many as show the columns: a thousand, and on to the first that is no rejected one."""
    first = list(islice(rows, _PEEKED))
    while not any(row.values for row in first) and (row := next(rows, None)) is not None:
        first.append(row)
    return first


def _note_others(rows: Sequence[TextRow], columns: Mapping[str, str], keep: Sequence[str], log: ReadLog) -> None:
    if KEEP_ALL in keep:
        late = dict.fromkeys(name for row in rows for name in row.values if name != TEXT and name not in columns)
        for name in late:
            log.note(f"the column {name} is not kept, since the first {_PEEKED:,} rows lack it")


def _need_apart(source: Path, target: Path, folder: Path) -> None:
    """Refuse outputs that would replace the input, or a folder of somebody else.

    Raises:
        InputError: there is one.
    """
    for name in ("", ".rejects.jsonl", ".index.jsonl"):
        output = target.with_name(target.name + name)
        if output.exists() and source.exists() and output.samefile(source):
            raise InputError("an output other than the input was expected", path=output)
        if output.is_dir():
            raise InputError("a file to write was expected, this is a folder", path=output)
    is_ours = folder.is_dir() and (not any(folder.iterdir()) or (folder / _STATE_FILE).is_file())
    if folder.exists() and not is_ours:
        raise InputError("a folder of finished parts, or none, was expected", path=folder)


def _state(engine: Engine, source: Source, output: BulkOutput) -> _State | None:
    """None for a model in memory, which has no fingerprint to know it again by."""
    try:
        stat = source.path.stat()
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=source.path) from error
    if not engine.fingerprint:
        return None
    model = f"{engine.fingerprint}|{engine.choice.backend}|{engine.choice.precision}"
    options = json.dumps(asdict(source.options), sort_keys=True)
    form = type(output.form).__name__
    return _State(str(source.path.resolve()), stat.st_size, stat.st_mtime_ns, model, form, options, output.keep)


def _finished_parts(folder: Path, state: _State | None, form: OutputFormat) -> set[Path]:
    """The parts that are there already; the folder is emptied where they were made of something else."""
    file = folder / _STATE_FILE
    if state is None or not _holds(file, asdict(state)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        file.write_text(json.dumps(asdict(state) if state is not None else {}), encoding="utf-8")
    return set(folder.glob(f"[0-9]*{form.suffix}"))


def _holds(file: Path, state: dict[str, object]) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")) == json.loads(json.dumps(state)))
    except (OSError, ValueError):
        return False


def _assemble(parts: Sequence[Path], target: Path, form: OutputFormat) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        form.assemble(parts, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


class _Index:
    """Which line of the input each row of an output without columns comes from, in a file beside it."""

    def __init__(self, target: Path, folder: Path, form: OutputFormat) -> None:
        self._target = target.with_name(f"{target.name}.index.jsonl") if form.needs_index else None
        self._fresh = folder / "index.jsonl"
        self._fresh.unlink(missing_ok=True)
        self._count = 0

    def add(self, rows: Sequence[OutputRow]) -> None:
        """The next rows of the output."""
        if self._target is None:
            return
        with self._fresh.open("a", encoding="utf-8") as file:
            for row in rows:
                record = {"row": self._count, **row.source(), "has_text": row.text is not None}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                self._count += 1

    def finish(self) -> None:
        """Move the file beside the output."""
        if self._target is not None:
            self._fresh.replace(self._target)


class _Rejects:
    """Takes the errors of rows; the file is there only if there are any."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.first: DataError | None = None
        path.unlink(missing_ok=True)

    def __call__(self, error: DataError) -> None:
        self.first = self.first or error
        self.count += 1
        append_line(self.path, json.dumps(_reject(error), ensure_ascii=False))


def _reject(error: DataError) -> dict[str, object]:
    place: dict[str, object] = {"line": error.line, "column": error.column}
    return {name: value for name, value in place.items() if value is not None} | {"reason": str(error)}


def _chunks(rows: Iterator[TextRow]) -> Iterator[Sequence[TextRow]]:
    """Parts of the same rows at every call, since both limits are fixed."""
    while chunk := list(islice(_up_to(rows, _MOST_CHARACTERS), _MOST_TEXTS)):
        yield chunk


def _up_to(rows: Iterator[TextRow], characters: int) -> Iterator[TextRow]:
    total = 0
    while total < characters and (row := next(rows, None)) is not None:
        total += len(row.text or "")
        yield row
