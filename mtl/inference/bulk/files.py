"""A file of any size through an engine: in parts, in order, in constant memory, and on from where it was interrupted.

Finished parts lie in `OUTPUT.partial` until all are there. A row without a readable text is rejected: it goes, with the
reason, to `OUTPUT.rejects.jsonl`.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from mtl.data.formats import Source
from mtl.data.place import ReadLog
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError, InputError
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.engine import Engine
from mtl.jsonl import append_line
from mtl.memory import release_memory

_MOST_TEXTS = 4096  # of a part
_MOST_CHARACTERS = 4_000_000  # of a part, unless one text has more
_STATE_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class FileResult:
    """How many texts were written, how many of them an earlier call had done, and the rows that were rejected."""

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
    part_texts: int = _MOST_TEXTS
    part_characters: int = _MOST_CHARACTERS


def run_file(
    engine: Engine, source: Path | Source, target: Path, *, form: OutputFormat, progress: Callable[[int], None]
) -> FileResult:
    """Run every text of a file and write the output; what an interrupted call finished is kept.

    Args:
        engine: runs the texts.
        source: a file of any format, and how it is to be read (`mtl.data.texts.text_source`).
        target: the output file.
        form: how the output is written.
        progress: is told after each part how many texts are done.

    Raises:
        DataError: the input cannot be read.
        InputError: it has no text.
    """
    source = text_source(source) if isinstance(source, Path) else source
    folder = target.with_name(f"{target.name}.partial")
    finished = _finished_parts(folder, _state(engine, source, form), form)
    parts: list[Path] = []
    texts = resumed = 0
    rejects = _Rejects(target.with_name(f"{target.name}.rejects.jsonl"))
    log = ReadLog(rejects)
    try:
        for chunk in _chunks(read_texts(source, log)):
            part = folder / f"{len(parts):06d}{form.suffix}"
            if part in finished:
                resumed += len(chunk)
            else:
                fresh = part.with_name(f".{part.name}")
                form.write(fresh, engine, chunk)
                fresh.replace(part)
                release_memory()
            parts.append(part)
            texts += len(chunk)
            progress(texts)
        if not parts:
            rejects.path.unlink(missing_ok=True)
            raise rejects.first or InputError("at least one text was expected, the file has none", path=source.path)
    except (DataError, InputError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _assemble(parts, target, form)
    shutil.rmtree(folder)
    return FileResult(texts, resumed, rejects.count, rejects.path, log.notes)


def _state(engine: Engine, source: Source, form: OutputFormat) -> _State | None:
    """None for a model in memory, which has no fingerprint to know it again by."""
    try:
        stat = source.path.stat()
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=source.path) from error
    if not engine.fingerprint:
        return None
    model = f"{engine.fingerprint}|{engine.choice.backend}|{engine.choice.precision}"
    options = json.dumps(asdict(source.options), sort_keys=True)
    return _State(str(source.path.resolve()), stat.st_size, stat.st_mtime_ns, model, type(form).__name__, options)


def _finished_parts(folder: Path, state: _State | None, form: OutputFormat) -> set[Path]:
    """The parts that are there already; the folder is emptied where they were made of something else."""
    file = folder / _STATE_FILE
    if state is None or not _holds(file, asdict(state)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if state is not None:
            file.write_text(json.dumps(asdict(state)), encoding="utf-8")
    return set(folder.glob(f"[0-9]*{form.suffix}"))


def _holds(file: Path, state: dict[str, object]) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")) == state)
    except (OSError, ValueError):
        return False


def _assemble(parts: Sequence[Path], target: Path, form: OutputFormat) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        form.assemble(parts, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


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


def _chunks(texts: Iterator[str]) -> Iterator[Sequence[str]]:
    """Parts of the same texts at every call, since both limits are fixed."""
    while chunk := list(islice(_up_to(texts, _MOST_CHARACTERS), _MOST_TEXTS)):
        yield chunk


def _up_to(texts: Iterator[str], characters: int) -> Iterator[str]:
    total = 0
    while total < characters and (text := next(texts, None)) is not None:
        total += len(text)
        yield text
