"""A file of any size through an engine: in parts, in order, in constant memory, and on from where it was interrupted.

Finished parts lie in `OUTPUT.partial` until all are there. Each row of the input is a row of the output. One without a
readable text has null values there, and stands with the reason in `OUTPUT.rejects.jsonl`.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtl.data.formats import Source
from mtl.data.place import ReadLog
from mtl.data.texts import text_source
from mtl.disk import writing
from mtl.errors import DataError, InputError
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.bulk.parts import clear_parts, need_apart, parts_folder, writing_alone
from mtl.inference.bulk.reading import need_text, read_chunks
from mtl.inference.bulk.rejects import Rejects
from mtl.inference.bulk.rows import OutputRow
from mtl.inference.bulk.state import STATE_FILE, PartsState, file_state, in_words
from mtl.inference.engine import Engine
from mtl.memory import release_memory


@dataclass(frozen=True, slots=True)
class FileResult:
    """How many texts were run, how many rows of them an earlier call had written, and the rows that were rejected."""

    texts: int
    resumed: int
    rejected: int
    rejects: Path | str
    """The file that names them; it exists only if there are any."""
    notes: tuple[str, ...] = ()
    """What the user should know of how the input was read, and of finished parts that were of no use."""


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
        InputError: it has no text, the output would replace it, or another call is writing the output.
        StorageError: the disk is full, or the output cannot be written for another reason; finished parts are kept.
    """
    source = text_source(source) if isinstance(source, Path) else source
    need_apart(source.path, output.target)
    key = model_key(engine.fingerprint, engine.choice.backend, engine.choice.precision)
    state = file_state(source, model=key, form=output.form, keep=output.keep)
    need_text(source, output.keep)  # an input that cannot be read as it was asked for costs no finished parts
    with writing_alone(output.target):
        return _run_parts(engine, source, output, state, progress)


def _run_parts(
    engine: Engine, source: Source, output: BulkOutput, state: PartsState, progress: Callable[[int], None]
) -> FileResult:
    target, form = output.target, output.form
    folder = parts_folder(target)
    parts: list[Path] = []
    texts = resumed = done = 0
    rejects, index = Rejects(target.with_name(f"{target.name}.rejects.jsonl")), _Index(target, folder, form)
    log = ReadLog(rejects)
    with writing(target):
        finished, notes = _finished_parts(folder, state if engine.fingerprint else None, form)
    try:
        for rows in read_chunks(source, output.keep, log):
            part = folder / f"{len(parts):06d}{form.suffix}"
            if part in finished:
                resumed += len(rows)
            else:
                fresh = part.with_name(f".{part.name}")
                with writing(target):
                    form.write(fresh, engine, rows)
                    fresh.replace(part)
                release_memory()
            index.add(rows)
            parts.append(part)
            texts += sum(row.text is not None for row in rows)
            done += len(rows)
            progress(done)
    except (DataError, InputError):
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    assemble(parts, target, form)
    index.finish()
    shutil.rmtree(folder)
    return FileResult(texts, resumed, rejects.count, rejects.path, (*notes, *log.notes))


def model_key(fingerprint: str, backend: str, precision: str) -> str:
    """What tells a model and how it runs from others."""
    return f"{fingerprint}|{backend}|{precision}"


def _finished_parts(folder: Path, state: PartsState | None, form: OutputFormat) -> tuple[set[Path], tuple[str, ...]]:
    """The parts that are there already; those that were made of something else are deleted, which a note says."""
    file, notes = folder / STATE_FILE, tuple[str, ...]()
    differences = _differences(file, state)
    if state is None or differences:
        if any(folder.glob(f"[0-9]*{form.suffix}")):
            why = in_words(differences) if state is not None else "another model"
            notes = (f"finished parts of an earlier call were of {why}, so the file was begun anew",)
        clear_parts(folder)
        file.write_text(state.to_json() if state is not None else "{}", encoding="utf-8")
    return set(folder.glob(f"[0-9]*{form.suffix}")), notes


def _differences(file: Path, state: PartsState | None) -> tuple[str, ...]:
    if state is None:
        return ()
    try:
        return state.differences(file.read_bytes())
    except OSError:
        return state.differences(b"")


def assemble(parts: Sequence[Path], target: Path, form: OutputFormat) -> None:
    """Write parts as one file, which is there whole or not at all."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with writing(target):
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
        with writing(self._target), self._fresh.open("a", encoding="utf-8") as file:
            for row in rows:
                record = {"row": self._count, **row.source(), "has_text": row.text is not None}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                self._count += 1

    def finish(self) -> None:
        """Move the file beside the output."""
        if self._target is not None:
            with writing(self._target):
                self._fresh.replace(self._target)
