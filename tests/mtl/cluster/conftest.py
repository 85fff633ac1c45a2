"""A cluster in this process: partitions go through records as between processes, and come back in any order."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mtl.cluster import partitions, running
from mtl.cluster.options import ClusterOptions
from mtl.cluster.partitions import Report, read_partitions, report_of
from mtl.cluster.session import Cluster
from mtl.cluster.worker import ModelChoice, PartWriter
from mtl.inference import Engine
from mtl.inference.bulk import reading

CHUNK = 5


@pytest.fixture(scope="package")
def engine(trained: Path) -> Engine:
    return Engine.load(trained / "best", backend="torch", precision="fp32")


@pytest.fixture(autouse=True)
def empty_memory():
    """Of fsspec, which all tests of a process share."""
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_TEXTS", CHUNK)
    monkeypatch.setattr(partitions, "MOST_TEXTS", CHUNK)


class HereAndNow:
    """Does the work of a cluster; `dies_after` partitions it is interrupted."""

    def __init__(self) -> None:
        self.dies_after: int | None = None
        self.written: list[int] = []

    def run(self, work: SimpleNamespace, options: ClusterOptions, workers: int) -> Iterator[Report]:
        writers = [PartWriter(work.model, work.store, work.form, options.cores) for _ in range(workers)]
        records = list(read_partitions(work.reading, work.finished))
        Random(len(records)).shuffle(records)
        reports = []
        for number, record in enumerate(records):
            if number == self.dies_after:
                raise KeyboardInterrupt
            batch = {name: [value] for name, value in record.items()}
            (text,) = writers[number % workers](batch)["report"]
            reports.append(report_of({"report": text}))
            if record["chunks"]:
                self.written.append(reports[-1].number)
            yield reports[-1]
        yield from reports[::2]  # some come twice, as from a task that ran again


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, engine: Engine, small_chunks: None) -> HereAndNow:
    here = HereAndNow()

    @contextmanager
    def connected(options: ClusterOptions) -> Iterator[Cluster]:
        yield Cluster(options.workers or 2)

    module = ModuleType("mtl.cluster.dataset")
    module.ClusterWork = lambda *values: SimpleNamespace(  # type: ignore[attr-defined]
        **dict(zip(("reading", "finished", "model", "store", "form"), values, strict=True))
    )
    module.written = here.run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mtl.cluster.dataset", module)
    monkeypatch.setattr(running, "connected", connected)
    monkeypatch.setattr(PartWriter, "_load", lambda _: engine)
    choice = ModelChoice(engine.name, engine.fingerprint, engine.choice.backend, engine.choice.precision)
    monkeypatch.setattr(running, "_chosen", lambda *_: choice)
    return here
