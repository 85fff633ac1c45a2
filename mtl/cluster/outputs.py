"""Where the parts of an output go, and what becomes of them when all are there."""

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from mtl.cluster.corpus import Corpus
from mtl.cluster.store import PartStore, is_url
from mtl.inference.bulk.files import assemble
from mtl.inference.bulk.parts import need_apart, parts_folder, writing_alone
from mtl.inference.bulk.rejects import Rejects
from mtl.json_text import parse_json

_PREFIX = "part-"
_REJECTS = "rejects.jsonl"
_SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Summary:
    """Of all partitions: rows, those with a text, those that were rejected, and notes on the input."""

    rows: int
    texts: int
    rejected: int
    notes: tuple[str, ...]


class ClusterOutput(Protocol):
    """The parts, and the rows that were rejected."""

    store: PartStore
    rejects: Rejects

    @property
    def place_of_rejects(self) -> str:
        """Where the rejected rows stand, if there are any."""

    def complete(self, finished: Collection[int]) -> Summary | None:
        """What an earlier call made of these parts; None where it did not end, and then nothing says that it did."""

    def finish(self, parts: Sequence[str], summary: Summary) -> None:
        """Make the output of the parts with these names, in order."""

    def discard(self) -> None:
        """Remove parts of an input that cannot be read."""


class OneFile:
    """A path: parts lie in `OUTPUT.partial` until all are there, then become one file, as by the local engine."""

    def __init__(self, corpus: Corpus) -> None:
        self._target, self._form = Path(corpus.target), corpus.form
        self._folder = parts_folder(self._target)
        self.store = PartStore(str(self._folder.resolve()))
        self.rejects = Rejects(self._target.with_name(f"{self._target.name}.{_REJECTS}"))

    @property
    def place_of_rejects(self) -> str:
        return str(self.rejects.path)

    def complete(self, finished: Collection[int]) -> Summary | None:
        return None  # its parts are gone then

    def finish(self, parts: Sequence[str], summary: Summary) -> None:
        assemble([self._folder / name for name in parts], self._target, self._form)
        shutil.rmtree(self._folder)

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class PartFolder:
    """A URL: parts stay parts, since no machine should have to hold all of them, and `_SUCCESS` comes last."""

    def __init__(self, corpus: Corpus, folder: Path) -> None:
        self.store = PartStore(corpus.target.rstrip("/"), prefix=_PREFIX)
        self.rejects = Rejects(folder / _REJECTS)

    @property
    def place_of_rejects(self) -> str:
        return f"{self.store.location}/{self.store.beside(_REJECTS)}"

    def complete(self, finished: Collection[int]) -> Summary | None:
        name = self.store.beside(_SUCCESS)
        try:
            found = parse_json(self.store.read(name) or b"")
            if set(finished) == set(range(found["parts"])):
                return Summary(found["rows"], found["texts"], found["rejected"], tuple(found["notes"]))
        except (ValueError, LookupError, TypeError):
            pass
        self.store.remove(name)
        return None

    def finish(self, parts: Sequence[str], summary: Summary) -> None:
        if self.rejects.count:
            self.store.write(self.store.beside(_REJECTS), self.rejects.path.read_text(encoding="utf-8"))
        self.store.clear_attempts()
        self.store.write(self.store.beside(_SUCCESS), json.dumps({"parts": len(parts), **asdict(summary)}))

    def discard(self) -> None:
        """Nothing is removed from a store that may be another one's too."""


@contextmanager
def output_of(corpus: Corpus) -> Iterator[ClusterOutput]:
    """The output of a corpus, which one call at a time writes to a path.

    Raises:
        InputError: another call is writing it, or it would replace the input or files of somebody else.
        StorageError: the folder of parts cannot be made.
    """
    if not is_url(corpus.target):
        need_apart(Path(corpus.source), Path(corpus.target))
        with writing_alone(Path(corpus.target)):
            yield OneFile(corpus)
        return
    with tempfile.TemporaryDirectory(prefix="polyhead-rejects-") as folder:
        yield PartFolder(corpus, Path(folder))
