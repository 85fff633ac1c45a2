"""One worker of a cluster: an engine that writes the partitions that it is given."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mtl.cluster.partitions import Report, chunks_of, record_of, report_of
from mtl.cluster.store import PartStore
from mtl.errors import ClusterError, MtlError
from mtl.inference.backends.cores import CORES
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.bulk.rows import OutputRow
from mtl.inference.bulk.state import STATE_FILE
from mtl.inference.engine import Engine
from mtl.memory import release_memory


@dataclass(frozen=True)
class ModelChoice:
    """A model, and how all workers run it: a backend and precision by name, so that none chooses for itself."""

    name: str
    fingerprint: str
    backend: str
    precision: str


class PartWriter:
    """Runs the rows of partitions and writes each as a part of the output.

    Args:
        model: what runs them.
        store: where the parts go.
        form: how they are written.
        cores: how many this worker may use.
    """

    def __init__(self, model: ModelChoice, store: PartStore, form: OutputFormat, cores: int) -> None:
        self._model = model
        self._store = store
        self._form = form
        self._cores = cores
        self._engine: Engine | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Write the partitions of some records and return their reports; what went wrong is said by these."""
        records = [{"report": r, "chunks": c} for r, c in zip(batch["report"], batch["chunks"], strict=True)]
        return {"report": [str(record_of(self._written(record))["report"]) for record in records]}

    def _written(self, record: Mapping[str, object]) -> Report:
        report, chunks = report_of(record), chunks_of(record)
        if not chunks:
            return report
        try:
            engine = self._engine = self._engine or self._load()
            self._write(engine, self._store.part(report.number, self._form.suffix), chunks)
        except MtlError as error:
            return replace(report, failed=str(error))
        except OSError as error:  # a full disk, or one that is read-only
            return replace(report, failed=f"{self._store.location}: {error.strerror or error}")
        return report

    def _write(self, engine: Engine, name: str, chunks: Sequence[Sequence[OutputRow]]) -> None:
        with self._store.scratch() as folder:
            files = [folder / f"{number}{self._form.suffix}" for number in range(len(chunks))]
            for file, rows in zip(files, chunks, strict=True):
                self._form.write(file, engine, rows)
                release_memory()
            if len(files) > 1:
                whole = folder / name
                self._form.assemble(files, whole)
            else:
                (whole,) = files
            self._store.put(whole, name)

    def _load(self) -> Engine:
        if self._store.read(self._store.beside(STATE_FILE)) is None:
            message = f"a folder that all machines see was expected, {socket.gethostname()} does not see it"
            raise ClusterError(message, path=self._store.location)
        os.environ[CORES] = str(self._cores)
        engine = Engine.load(self._model.name, precision=self._model.precision, backend=self._model.backend)
        if engine.fingerprint != self._model.fingerprint:
            message = f"the same model on every machine was expected, {socket.gethostname()} has another one"
            raise ClusterError(message, path=self._model.name)
        return engine
