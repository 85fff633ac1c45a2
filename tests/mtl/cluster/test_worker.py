"""A worker alone: what it writes, and what it says when it cannot."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mtl.cluster.partitions import Report, record_of, report_of
from mtl.cluster.store import PartStore
from mtl.cluster.worker import ModelChoice, PartWriter
from mtl.inference import Engine
from mtl.inference.backends.cores import CORES
from mtl.inference.bulk.formats import EmbeddingTable
from mtl.inference.bulk.rows import OutputRow
from mtl.inference.bulk.state import STATE_FILE

ROWS = [OutputRow(text, line, {"id": f"{line}"}) for line, text in enumerate(["Anna met Tom", None, "good film"], 1)]


@pytest.fixture
def store(tmp_path: Path) -> PartStore:
    store = PartStore(str(tmp_path / "out"))
    store.create()
    store.write(STATE_FILE, "{}")
    return store


def written(store: PartStore, engine: Engine, chunks: list[list[OutputRow]], **changes: str) -> Report:
    known = {"name": engine.name, "fingerprint": engine.fingerprint, "backend": "torch", "precision": "fp32"}
    writer = PartWriter(ModelChoice(**known | changes), store, EmbeddingTable(), 1)
    record = record_of(Report(3, len(chunks) * 3, 2), chunks)
    (report,) = writer({name: [value] for name, value in record.items()})["report"]
    return report_of({"report": report})


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(CORES, "1")  # which a worker sets for its process


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_partition_is_one_part(store: PartStore, engine: Engine, chunks: int):
    assert written(store, engine, [ROWS] * chunks) == Report(3, 3 * chunks, 2)
    assert store.names() == {STATE_FILE, "000003.parquet"}
    rows = pq.read_table(Path(store.location) / "000003.parquet").to_pylist()
    assert [row["text"] for row in rows] == ["Anna met Tom", None, "good film"] * chunks
    assert rows[0]["embedding"] == engine.encode(["Anna met Tom", "good film"])[0].tolist()


def test_a_finished_partition_costs_nothing(store: PartStore, engine: Engine):
    assert written(store, engine, [], name="no such model") == Report(3, 0, 2)


@pytest.mark.parametrize(
    ("changes", "gist"),
    [
        ({"fingerprint": "other"}, "the same model on every machine was expected"),
        ({"name": "/no/such/model"}, "/no/such/model"),
        ({"precision": "int7"}, "a precision of auto, fp32"),
    ],
)
def test_a_model_that_a_machine_lacks_is_one_sentence(
    store: PartStore, engine: Engine, changes: dict[str, str], gist: str
):
    failed = written(store, engine, [ROWS], **changes).failed
    assert failed is not None and gist in failed and "\n" not in failed
    assert store.names() == {STATE_FILE}


def test_a_folder_that_a_machine_does_not_see_is_one_sentence(tmp_path: Path, engine: Engine):
    failed = written(PartStore(str(tmp_path / "elsewhere")), engine, [ROWS]).failed
    assert failed is not None and failed.startswith(
        f"{tmp_path}/elsewhere: a folder that all machines see was expected"
    )


def test_a_disk_that_takes_nothing_is_one_sentence(store: PartStore, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EmbeddingTable, "write", full)
    assert written(store, engine, [ROWS]).failed == f"{store.location}: No space left on device"
    assert store.names() == {STATE_FILE}
