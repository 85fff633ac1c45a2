"""Arrays and bytes beyond a size lie in files that have no name, and are read back as they were."""

import os
import signal
import subprocess
import sys
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from mtl import scratch
from mtl.errors import StorageError
from mtl.scratch import ArrayWriter, BlobStore, release_pages


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache"


@pytest.mark.parametrize("limit", [0, 100, 1 << 20])
@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.float32, np.bool_])
def test_numbers_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch, limit: int, dtype: type[np.generic]):
    monkeypatch.setattr(scratch, "IN_MEMORY", limit)
    draw = np.random.default_rng(0)
    parts = [draw.integers(0, 100, size).astype(dtype) for size in (3, 0, 50, 1, 0)]
    writer = ArrayWriter(dtype)
    for part in parts:
        writer.append(part)
    found = writer.finish()
    release_pages()
    assert found.dtype == dtype
    assert writer.size == 54
    np.testing.assert_array_equal(found, np.concatenate(parts))


@pytest.mark.parametrize("limit", [0, 1 << 20])
def test_no_numbers_are_an_empty_array(monkeypatch: pytest.MonkeyPatch, limit: int):
    monkeypatch.setattr(scratch, "IN_MEMORY", limit)
    assert ArrayWriter(np.int64).finish().shape == (0,)
    writer = ArrayWriter(np.int64)
    writer.append([])
    assert writer.finish().tolist() == []


@pytest.mark.parametrize("limit", [0, 10, 1 << 20])
def test_bytes_come_back_in_any_order(monkeypatch: pytest.MonkeyPatch, limit: int):
    monkeypatch.setattr(scratch, "IN_MEMORY", limit)
    blobs = [bytes([i]) * i for i in range(9)]
    found = BlobStore()
    for blob in blobs:
        found.append(blob)
    assert [found[i] for i in reversed(range(len(found)))] == blobs[::-1]


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, place: Path):
    monkeypatch.setattr(scratch, "IN_MEMORY", 10)
    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", lambda **_: FileIO("/dev/full", "r+"))
    for append in (lambda: BlobStore().append(b"x" * 20), lambda: ArrayWriter(np.int64).append(np.zeros(20))):
        with pytest.raises(StorageError, match="room for temporary files was expected.*No space left") as raised:
            append()
        assert raised.value.path == str(place)
        assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch, place: Path):
    monkeypatch.setattr(scratch, "IN_MEMORY", 10)
    place.parent.mkdir()
    place.write_text("no folder")
    with pytest.raises(StorageError, match="a folder for temporary files was expected"):
        BlobStore().append(b"x" * 20)


KILLED = """
import os, numpy as np, sys, time
from mtl import scratch
scratch.IN_MEMORY = 10
blobs, writer = scratch.BlobStore(), scratch.ArrayWriter(np.int64)
blobs.append(b"x" * 100_000)
writer.append(np.arange(100_000))
array = writer.finish()
writer = scratch.ArrayWriter(np.int64)
writer.append(np.arange(100_000))
print("ready", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_killed_leaves_no_file(place: Path):
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert list(place.iterdir()) == []  # it has no name even while it is there
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(place.iterdir()) == []
