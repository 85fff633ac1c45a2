"""Files of any size through an engine: in parts, in order, in constant memory, and on from where it was interrupted."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from mtl.data.texts import read_texts
from mtl.errors import DataError, InputError
from mtl.inference.engine import Engine
from mtl.inference.formats import Format
from mtl.memory import release_memory

_MOST_TEXTS = 4096  # of a part
_MOST_CHARACTERS = 4_000_000  # of a part, unless one text has more
_STATE_FILE = "state.json"
Progress = Callable[[int], None]
"""Is told after each part how many texts are done."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file: texts written, rows left out, and those of the texts that an earlier call had done."""

    texts: int
    rejected: int
    resumed: int


@dataclass(frozen=True, slots=True)
class _State:
    """What the parts on disk were made of; another input or model makes them worthless."""

    source: str
    size: int
    modified: int
    model: str
    format: str
    part_texts: int = _MOST_TEXTS
    part_characters: int = _MOST_CHARACTERS


class Corpus:
    """The texts of one file on their way into another.

    Finished parts lie in `OUTPUT.partial` until all are there. A row without a readable text is left out and goes, with
    the reason, to `OUTPUT.rejects.jsonl`.

    Args:
        source: `.txt`, `.csv`, `.tsv`, `.jsonl` or `.parquet`.
        target: the output file.
    """

    def __init__(self, source: Path, target: Path) -> None:
        self._source = source
        self._target = target
        self._parts = target.with_name(f"{target.name}.partial")
        self.rejects = target.with_name(f"{target.name}.rejects.jsonl")

    def write(self, engine: Engine, form: Format, progress: Progress) -> Written:
        """Run every text and write the output; what an interrupted call finished is kept.

        Raises:
            DataError: the input cannot be read as its ending says.
            InputError: it has no text.
        """
        finished = self._begin(engine, form)
        rejects = _Rejects(self.rejects)
        texts = resumed = count = 0
        try:
            for part, chunk in enumerate(_chunks(read_texts(self._source, rejects))):
                path = self._parts / f"{part:06d}{form.suffix}"
                if part in finished:
                    resumed += len(chunk)
                else:
                    fresh = path.with_name(f".{path.name}")
                    form.write(fresh, engine, chunk)
                    fresh.replace(path)
                    release_memory()
                texts += len(chunk)
                count = part + 1
                progress(texts)
        except (DataError, InputError):
            shutil.rmtree(self._parts, ignore_errors=True)
            raise
        finally:
            rejects.close()
        if not texts:
            shutil.rmtree(self._parts, ignore_errors=True)
            self.rejects.unlink(missing_ok=True)
            raise rejects.first or InputError("at least one text was expected, the file has none", path=self._source)
        self._assemble(form, count)
        return Written(texts, rejects.count, resumed)

    def _begin(self, engine: Engine, form: Format) -> set[int]:
        """The numbers of the parts that are there already."""
        try:
            stat = self._source.stat()
        except OSError as error:
            raise DataError(f"a readable file was expected: {error.strerror}", path=self._source) from error
        model = f"{engine.fingerprint}|{engine.choice.backend}|{engine.choice.precision}"
        state = _State(str(self._source.resolve()), stat.st_size, stat.st_mtime_ns, model, type(form).__name__)
        file = self._parts / _STATE_FILE
        if not engine.fingerprint or not _holds(file, asdict(state)):
            shutil.rmtree(self._parts, ignore_errors=True)
            self._parts.mkdir()
            file.write_text(json.dumps(asdict(state)), encoding="utf-8")
        return {int(path.stem) for path in self._parts.glob(f"[0-9]*{form.suffix}")}

    def _assemble(self, form: Format, count: int) -> None:
        parts = [self._parts / f"{part:06d}{form.suffix}" for part in range(count)]
        fresh = self._target.with_name(f".{self._target.name}.{os.getpid()}")
        try:
            form.assemble(parts, fresh)
            fresh.replace(self._target)
        finally:
            fresh.unlink(missing_ok=True)
        shutil.rmtree(self._parts)


class _Rejects:
    """Takes the errors of rows; the file is there only if there are any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.unlink(missing_ok=True)
        self._file: TextIO | None = None
        self.count = 0
        self.first: DataError | None = None

    def __call__(self, error: DataError) -> None:
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8")
        self.first = self.first or error
        self.count += 1
        self._file.write(json.dumps({"reason": str(error)}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


def _chunks(texts: Iterator[str]) -> Iterator[Sequence[str]]:
    """Parts of the same texts at every call, since both limits are fixed."""
    while chunk := list(islice(_up_to(texts, _MOST_CHARACTERS), _MOST_TEXTS)):
        yield chunk


def _up_to(texts: Iterator[str], characters: int) -> Iterator[str]:
    total = 0
    while total < characters and (text := next(texts, None)) is not None:
        total += len(text)
        yield text


def _holds(file: Path, state: dict[str, object]) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")) == state)
    except (OSError, ValueError):
        return False
