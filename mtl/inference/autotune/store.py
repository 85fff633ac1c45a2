"""The prepared files of a model on disk: its spec, its tokenizer, its exported graphs, and the choices of backends."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError
from tokenizers import Tokenizer

from mtl.cache.store import drop_least_used
from mtl.errors import BackendError
from mtl.folders import folder_size
from mtl.home import home
from mtl.inference.autotune.choice import Choice
from mtl.inference.backends import Batch, InferencePrecision
from mtl.inference.backends.openvino import GRAPH_FILE, GRAPH_FILES, OpenVinoBackend, is_readable
from mtl.inference.backends.quantising import SCHEMES, quantize
from mtl.inference.spec import EngineSpec
from mtl.recipe.choices import TaskKind
from mtl.runs.folder import replace_file

_FORMAT = "polyhead-engine-6"
_PACKAGES = ("openvino", "tokenizers", "torch", "transformers")
_SPEC_FILE, _TOKENIZER_FILE = "engine.json", "tokenizer.json"
_FRESH = ".new-"
_ABANDONED = 3600.0  # seconds: nobody writes a graph for so long
_MOST_BYTES = 4_000_000_000  # of all folders together; the least recently used go


class PreparedFolder:
    """The folder of one model under `$MTL_HOME/cache/engines`; another version of a library makes another folder."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        key = "|".join([_FORMAT, fingerprint, *(f"{name} {_version(name)}" for name in _PACKAGES)])
        self.path = home() / "cache" / "engines" / hashlib.sha256(key.encode()).hexdigest()[:32]

    def spec(self) -> EngineSpec | None:
        """The spec, or None where the model has not been prepared."""
        try:
            spec = EngineSpec.model_validate_json((self.path / _SPEC_FILE).read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None
        self.mark_used()
        self._sweep()
        return spec

    def mark_used(self) -> None:
        """Let the folder count as used now, where this process may write: one that it may only read is as good."""
        with contextlib.suppress(OSError):
            os.utime(self.path)

    def open(self, spec: EngineSpec, precision: InferencePrecision) -> OpenVinoBackend:
        """The exported graph of a precision.

        Raises:
            BackendError: it cannot be compiled.
            OSError: it is not there.
        """
        classifiers, taggers = spec.names(TaskKind.CLASSIFICATION), spec.names(TaskKind.TAGGING)
        return OpenVinoBackend(self.path, precision, classifiers=classifiers, taggers=taggers)

    def quantize(self, precision: InferencePrecision, batches: Iterable[Batch]) -> None:
        """Make the graph of a precision that needs one of its own, if it is missing or damaged; errors as `add`."""
        name = GRAPH_FILES.get(precision)
        if name is not None and not is_readable(self.path / name):
            source, scheme = self.path / GRAPH_FILE, SCHEMES[precision]
            self.add(lambda fresh: quantize(source, fresh / name, scheme=scheme, batches=batches))

    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer; there is one where there is a spec.

        Raises:
            BackendError: it is damaged.
        """
        try:
            return Tokenizer.from_file(str(self.path / _TOKENIZER_FILE))
        except Exception as error:  # the class of everything that tokenizers raises, for a missing file too
            raise BackendError(f"a tokenizer was expected: {error}", path=self.path / _TOKENIZER_FILE) from error

    def is_whole(self) -> bool:
        """Whether spec, tokenizer and exported graph are there, none of them damaged."""
        try:
            self.tokenizer()
        except BackendError:
            return False
        return self.spec() is not None and is_readable(self.path / GRAPH_FILE)

    def prepare(self, spec: EngineSpec, tokenizer: str, export: Callable[[Path], None]) -> None:
        """Fill the folder; its spec comes last, so that a folder with one is complete. Errors as `add`."""
        self.add(export)
        self.add(lambda fresh: (fresh / _TOKENIZER_FILE).write_text(tokenizer, encoding="utf-8"))
        self.add(lambda fresh: (fresh / _SPEC_FILE).write_text(spec.model_dump_json(), encoding="utf-8"))

    def add(self, make: Callable[[Path], object]) -> None:
        """Put files into the folder that `make` writes into another one; each is there whole or not at all.

        Raises:
            BackendError: they cannot be made.
            OSError: there is no room.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._sweep()
        fresh = Path(tempfile.mkdtemp(prefix=_FRESH, dir=self.path))
        try:
            make(fresh)
            for file in sorted(fresh.iterdir()):  # a graph's weights before the graph
                file.replace(self.path / file.name)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        others = [folder for folder in self.path.parent.iterdir() if folder.is_dir() and folder != self.path]
        drop_least_used(others, most_bytes=_MOST_BYTES - folder_size(self.path))

    def _sweep(self) -> None:
        """Delete what processes left behind that were killed while they wrote."""
        limit = time.time() - _ABANDONED
        for folder in self.path.glob(f"{_FRESH}*"):
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < limit:
                    shutil.rmtree(folder, ignore_errors=True)

    def choice(self, key: str) -> Choice | None:
        """What was chosen earlier on this machine, or None."""
        try:
            return Choice.model_validate_json((self.path / f"choice-{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            return None

    def remember(self, key: str, choice: Choice) -> None:
        """Keep a choice; a disk that takes nothing more only means that it is measured again."""
        with contextlib.suppress(OSError):
            self.path.mkdir(parents=True, exist_ok=True)
            replace_file(self.path / f"choice-{key}.json", choice.model_dump_json(indent=2) + "\n")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
