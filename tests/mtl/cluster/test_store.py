"""Stores of parts: whole files or none, on a disk, in memory, and where uploads are seen while they grow."""

import pickle
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from mtl.cluster.store import PartStore, described, local_copy
from mtl.errors import StorageError


class Growing(DirFileSystem):
    """A store without atomic uploads, as SFTP is: a file is there as soon as its upload begins."""

    protocol = "growing"
    cachable = False
    root: Path
    fails_after: int | None = None

    def __init__(self, **_: object) -> None:
        super().__init__(path=str(self.root), fs=LocalFileSystem())

    def put_file(self, lpath: str, rpath: str, **_: object) -> None:
        content = Path(lpath).read_bytes()
        with self.open(rpath, "wb") as file:
            file.write(content[: self.fails_after])
        if self.fails_after is not None:
            raise OSError("the connection was lost")


@pytest.fixture(params=["disk", "file", "memory", "growing"])
def location(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    fsspec.register_implementation("growing", Growing, clobber=True)
    monkeypatch.setattr(Growing, "root", tmp_path, raising=False)
    return {
        "disk": str(tmp_path / "out"),
        "file": f"file://{tmp_path}/out",
        "memory": "memory://out",
        "growing": "growing://out",
    }[request.param]


def put(store: PartStore, name: str, content: bytes) -> None:
    with store.scratch() as folder:
        (folder / "x").write_bytes(content)
        store.put(folder / "x", name)


@pytest.mark.parametrize("prefix", ["", "part-"])
def test_parts_are_there_by_number(location: str, prefix: str):
    store = PartStore(location, prefix=prefix)
    store.create()
    assert store.numbers(".jsonl") == frozenset()
    for number in (0, 7, 1_234_567):
        put(store, store.part(number, ".jsonl"), b"x")
    store.write(store.beside("state.json"), "{}")
    put(store, store.part(3, ".parquet"), b"x")
    again = pickle.loads(pickle.dumps(store))  # as workers get it
    assert again.numbers(".jsonl") == {0, 7, 1_234_567}
    assert again.read(store.beside("state.json")) == b"{}"
    assert again.read("nothing") is None
    put(again, store.part(7, ".jsonl"), b"another")
    assert store.read(store.part(7, ".jsonl")) == b"another"


def test_a_folder_that_is_not_there_has_no_parts(location: str):
    assert PartStore(location).names() == frozenset()


def test_a_part_whose_upload_breaks_off_is_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fsspec.register_implementation("growing", Growing, clobber=True)
    monkeypatch.setattr(Growing, "root", tmp_path, raising=False)
    store = PartStore("growing://out")
    store.create()
    monkeypatch.setattr(Growing, "fails_after", 2)
    with pytest.raises(StorageError, match="growing://out: .*the connection was lost"):
        put(store, store.part(0, ".jsonl"), b"whole")
    assert store.names() == frozenset()
    assert list((tmp_path / "out").iterdir())  # what was uploaded is there, under a name of its own
    monkeypatch.setattr(Growing, "fails_after", None)
    put(store, store.part(0, ".jsonl"), b"whole")
    assert store.read(store.part(0, ".jsonl")) == b"whole"
    store.clear_attempts()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["000000.jsonl"]


def test_what_a_killed_worker_left_is_no_part_and_goes(tmp_path: Path):
    store = PartStore(str(tmp_path))
    (tmp_path / ".attempt-x").mkdir()
    assert store.names() == frozenset()
    store.clear_attempts()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("location", ["nothing-of-this-name://bucket/out", "/dev/null/out"])
def test_a_store_that_cannot_be_used_is_one_sentence(location: str):
    with pytest.raises(StorageError, match=f"^{location}: a folder or store that can be read and written was expected"):
        PartStore(location).create()


def test_a_url_is_copied_to_this_machine_and_its_version_told(tmp_path: Path):
    fs = MemoryFileSystem()
    fs.pipe_file("/in/a.csv", b"text\nx\n")
    before = described("memory://in/a.csv")
    with local_copy("memory://in/a.csv") as file:
        assert (file.name, file.read_bytes()) == ("a.csv", b"text\nx\n")
    assert not file.exists()
    with local_copy(str(tmp_path / "own.csv")) as own:
        assert own == tmp_path / "own.csv"
    assert described("memory://in/a.csv") == before
    fs.pipe_file("/in/a.csv", b"text\ny\n")
    assert described("memory://in/a.csv") != before


@pytest.mark.parametrize("location", ["memory://in/none.csv", "memory://in", "nothing-of-this-name://a"])
def test_an_input_that_is_no_file_is_one_sentence(location: str):
    MemoryFileSystem().pipe_file("/in/a.csv", b"text\n")
    with pytest.raises(StorageError, match=f"^{location}: a readable file was expected"):
        described(location)
