"""Two workers on Ray, once for all tests of this file: it takes seconds to start."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mtl.cluster import ClusterOptions, running
from mtl.cluster.corpus import Corpus
from mtl.cluster.running import ClusterModel, run_on_cluster
from mtl.cluster.session import connected
from mtl.cluster.worker import ModelChoice
from mtl.data.formats import ReadOptions
from mtl.data.texts import text_source
from mtl.errors import ClusterError
from mtl.inference import Engine
from mtl.inference.backends.cores import CORES
from mtl.inference.bulk import reading
from mtl.inference.bulk.files import BulkOutput, run_file
from mtl.inference.bulk.formats import EmbeddingTable, PredictionLines

ROWS = 400
OPTIONS = ClusterOptions(workers=2, partition_rows=20)


def of_ray() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE and any("ray" in part for part in process.cmdline())
    ]


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()) as said, connected(OPTIONS):
        yield
    assert said.getvalue() == ""
    assert of_ray() == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    lines = [f"{i},{'Anna met Tom in Rome ' * (i % 5)}" for i in range(ROWS)]
    path.write_text("\n".join(["id,text", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def engine(trained: Path) -> Iterator[Engine]:
    """Prepared for OpenVINO as workers have it, on one core each, so that they load it without torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CORES, "1")
        yield Engine.load(trained / "best", backend="openvino", precision="fp32")


@pytest.fixture(autouse=True)
def choice(monkeypatch: pytest.MonkeyPatch, engine: Engine):
    """What is fastest is not measured."""
    choice = ModelChoice(engine.name, engine.fingerprint, engine.choice.backend, engine.choice.precision)
    monkeypatch.setattr(running, "_chosen", lambda *_: choice)


def test_it_listens_on_this_machine_alone(ray: None):
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for process in [psutil.Process(), *of_ray()]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.slow
def test_a_killed_worker_costs_no_row_and_none_twice(
    ray: None, engine: Engine, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    killed = []

    def kill_one(rows: int) -> None:
        if killed or rows < ROWS // 5:
            return
        worker = next(process for process in of_ray() if "MapWorker" in " ".join(process.cmdline()))
        worker.kill()
        killed.append(worker.pid)

    spread = f"file://{tmp_path}/spread.jsonl"
    corpus = Corpus(str(source), spread, PredictionLines(), ReadOptions(), ("id",))
    found = run_on_cluster(ClusterModel("tiny"), corpus, OPTIONS, progress=kill_one)
    monkeypatch.setattr(reading, "MOST_TEXTS", OPTIONS.partition_rows)  # the same texts in a batch, so the same bits
    output = BulkOutput(tmp_path / "local.jsonl", PredictionLines(), ("id",))
    local = run_file(engine, text_source(source), output, progress=lambda _: None)
    parts = sorted((tmp_path / "spread.jsonl").glob("part-*"))
    written = b"".join(part.read_bytes() for part in parts).splitlines()
    assert len(parts) == ROWS // OPTIONS.partition_rows
    assert written == (tmp_path / "local.jsonl").read_bytes().splitlines()
    assert (found.texts, found.rejected) == (local.texts, local.rejected)
    assert killed
    assert found.notes == ("1 worker died; what was lost with it was run again",)


def test_more_workers_than_there_is_room_for_are_refused(ray: None, source: Path, tmp_path: Path):
    corpus = Corpus(str(source), str(tmp_path / "out.parquet"), EmbeddingTable())
    options = ClusterOptions(workers=1000, cores=2)
    with pytest.raises(ClusterError, match="room for 1000 workers with 2 cores each was expected, the cluster has"):
        run_on_cluster(ClusterModel("tiny"), corpus, options, progress=lambda _: None)
