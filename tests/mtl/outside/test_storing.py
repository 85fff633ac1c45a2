"""Summaries in a file: what is written is read, and what is damaged or of another model is named."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mtl.errors import CheckpointError
from mtl.outside import SUMMARIES_FILE, Summary, read_summaries, write_summaries

SIZE = 4


def summaries(*names: str) -> dict[str, Summary]:
    draw = np.random.default_rng(0)
    return {name: Summary(draw.normal(size=(3, SIZE)).astype(np.float16), 0.1 + i) for i, name in enumerate(names)}


def read(folder: Path, *tasks: str) -> dict[str, Summary]:
    return read_summaries(folder, tasks=tasks, dimension=SIZE)


def test_what_is_written_is_read_in_the_order_of_the_tasks(tmp_path: Path):
    known = summaries("b", "a")
    write_summaries(tmp_path, known)
    found = read(tmp_path, "a", "b", "c")
    assert list(found) == ["a", "b"]
    for name, one in found.items():
        np.testing.assert_array_equal(one.centres, known[name].centres)
        assert (one.limit, one.centres.dtype) == (known[name].limit, np.float16)
    write_summaries(tmp_path, known)
    assert [file.name for file in tmp_path.iterdir()] == [SUMMARIES_FILE]


def test_a_folder_without_the_file_has_none_and_none_leave_no_file(tmp_path: Path):
    assert read(tmp_path, "a") == {}
    write_summaries(tmp_path, summaries("a"))
    write_summaries(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes):
    (tmp_path / SUMMARIES_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{SUMMARIES_FILE}: readable summaries of training texts were expected$"):
        read(tmp_path, "a")


CENTRES = np.ones((3, SIZE), np.float16)
WRONG = {
    "another task": ({"b": CENTRES}, {"b": 1.0}, "summaries of the tasks a were expected, was b"),
    "other numbers": ({"a": CENTRES[:, :2]}, {"a": 1.0}, "a: finite centres of 4 numbers"),
    "another type": ({"a": CENTRES.astype(np.float32)}, {"a": 1.0}, "a: finite centres"),
    "one row": ({"a": CENTRES[0]}, {"a": 1.0}, "a: finite centres"),
    "no rows": ({"a": CENTRES[:0]}, {"a": 1.0}, "a: finite centres"),
    "no numbers": ({"a": CENTRES * np.float16(np.nan)}, {"a": 1.0}, "a: finite centres"),
    "no finite limit": ({"a": CENTRES}, {"a": float("inf")}, "a: finite centres"),
    "a missing limit": ({"a": CENTRES}, {}, "readable summaries"),
    "a limit of another type": ({"a": CENTRES}, {"a": "x"}, "readable summaries"),
    "limits of another type": ({"a": CENTRES}, 1, "readable summaries"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_belongs_to_another_model_is_refused(tmp_path: Path, name: str):
    tensors, limits, gist = WRONG[name]
    save_file(tensors, tmp_path / SUMMARIES_FILE, metadata={"limits": json.dumps(limits)})
    with pytest.raises(CheckpointError, match=gist):
        read(tmp_path, "a")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_summaries(tmp_path, summaries("a"))
    before = (tmp_path / SUMMARIES_FILE).read_bytes()

    def full(self: Path, content: bytes) -> None:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError):
        write_summaries(tmp_path, summaries("b"))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(SUMMARIES_FILE, before)]
