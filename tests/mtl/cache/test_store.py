"""Ragged rows on disk: whole or not there, whoever writes, dies or needs the room."""

import errno
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.cache import RaggedRows, RaggedStore
from tests.mtl.processes import FORK, exit_code, kill_at, sleep_at, start
from tests.waiting import CEILING

COUNTS = (3, 0, 1, 5)
SIZE = 4
Fill = Callable[[RaggedRows], None]


@pytest.fixture
def store(tmp_path: Path) -> RaggedStore:
    return RaggedStore(tmp_path / "cache", 10**6)


def filled(value: float = 1.0) -> Fill:
    """Writes the rows from the last to the first, each number another one."""

    def fill(out: RaggedRows) -> None:
        for i in reversed(range(len(out.counts))):
            row = out.row(i)
            row[:] = value + i + np.arange(row.size).reshape(row.shape) / 8

    return fill


def assert_rows(rows: RaggedRows | None, counts: Sequence[int] = COUNTS, *, size: int = SIZE, value: float = 1) -> None:
    assert rows is not None
    assert rows.counts.tolist() == list(counts)
    for i, count in enumerate(counts):
        expected = np.asarray(value + i + np.arange(count * size).reshape(count, size) / 8, dtype=np.float16)
        np.testing.assert_array_equal(rows.row(i), expected)


def put(store: RaggedStore, key: str, counts: Sequence[int] = COUNTS) -> RaggedRows | None:
    return store.write(key, counts, size=SIZE, fill=filled())


def bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def keys(store: RaggedStore) -> set[str]:
    return {place.name for place in store.folder.iterdir()}


@given(st.lists(st.integers(0, 6), min_size=1).filter(any), st.integers(1, 5))
def test_rows_come_back_as_written(tmp_path: Path, counts: list[int], size: int):
    store = RaggedStore(tmp_path / "cache", 10**6)
    key = f"{size}-{'-'.join(map(str, counts))}"
    assert_rows(store.write(key, counts, size=size, fill=filled()), counts, size=size)
    assert_rows(store.open(key), counts, size=size)


def test_rows_in_memory_are_filled_and_read_the_same_way():
    rows = RaggedRows.empty(np.array(COUNTS), size=SIZE)
    filled()(rows)
    assert_rows(rows)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_rows_have_the_type_that_was_asked_for(store: RaggedStore, dtype: type[np.floating]):
    rows = store.write("a", COUNTS, size=SIZE, fill=filled(1e4), dtype=dtype)
    assert rows is not None
    assert rows.values.dtype == dtype
    assert (rows.row(3)[-1, -1] == dtype(1e4 + 3 + 19 / 8)).all()


def test_some_rows_are_gathered_padded_with_their_last_vector(store: RaggedStore):
    rows = put(store, "a")
    assert rows is not None
    found = rows.padded(np.array([3, 0, 2]), 5)
    assert found.shape == (3, 5, SIZE)
    for values, row in zip(found, (3, 0, 2), strict=True):
        own = [*rows.row(row), *[rows.row(row)[-1]] * (5 - COUNTS[row])]
        np.testing.assert_array_equal(values, np.stack(own))


def test_rows_from_the_store_cannot_be_changed(store: RaggedStore):
    rows = put(store, "a")
    assert rows is not None
    with pytest.raises(ValueError, match="read-only"):
        rows.row(0)[:] = 0


def test_a_key_that_nobody_wrote_has_no_entry(store: RaggedStore):
    assert store.open("a") is None
    put(store, "a")
    assert store.open("b") is None


def test_an_entry_without_vectors_is_none(store: RaggedStore):
    assert put(store, "a", (0, 0)) is None


def test_a_key_that_is_written_again_keeps_its_rows(store: RaggedStore):
    put(store, "a")
    assert_rows(put(store, "a"))
    assert keys(store) == {"a"}


def cut(file: str, share: float) -> Callable[[Path], None]:
    return lambda place: os.truncate(place / file, int((place / file).stat().st_size * share))


VALUES, NUMBERS = "values.npy", "counts.npy"
DAMAGE: dict[str, Callable[[Path], None]] = {
    "no counts": lambda place: (place / NUMBERS).unlink(),
    "no values": lambda place: (place / VALUES).unlink(),
    "empty counts": cut(NUMBERS, 0),
    "empty values": cut(VALUES, 0),
    "half the counts": cut(NUMBERS, 0.5),
    "all counts but the end": cut(NUMBERS, 0.99),
    "half the values": cut(VALUES, 0.5),
    "all values but the end": cut(VALUES, 0.99),
    "other counts": lambda place: np.save(place / NUMBERS, np.array([1, 2])),
    "garbage": lambda place: (place / VALUES).write_bytes(b"garbage" * 40),
    "nothing at all": lambda place: [file.unlink() for file in place.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_not_opened(store: RaggedStore, damage: Callable[[Path], None]):
    put(store, "a")
    damage(store.folder / "a")
    assert store.open("a") is None


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_the_next_write_mends_a_damaged_entry(store: RaggedStore, damage: Callable[[Path], None]):
    put(store, "a")
    damage(store.folder / "a")
    assert_rows(put(store, "a"))
    assert_rows(store.open("a"))


def die_in_the_middle(store: RaggedStore, flag: Path) -> None:
    def fill(out: RaggedRows) -> None:
        out.row(0)[:] = 1
        sleep_at(flag)

    store.write("a", COUNTS, size=SIZE, fill=fill)


@pytest.fixture
def killed(store: RaggedStore, tmp_path: Path) -> RaggedStore:
    """The store after a writer of the key `a` was killed in mid-write."""
    kill_at(tmp_path / "flag", start(die_in_the_middle, store, tmp_path / "flag"))
    return store


def test_a_writer_that_is_killed_leaves_no_entry(killed: RaggedStore):
    assert killed.open("a") is None
    assert all(name.endswith(".writing") for name in keys(killed))


@pytest.mark.parametrize("key", ["a", "b"])
def test_the_write_after_a_kill_succeeds_and_sweeps_what_was_left(killed: RaggedStore, key: str):
    assert len(keys(killed)) == 1
    assert_rows(put(killed, key))
    assert keys(killed) == {key}


def test_a_writer_that_lives_is_not_swept(store: RaggedStore, tmp_path: Path):
    def write_another(out: RaggedRows) -> None:
        filled()(out)
        assert exit_code(start(put, store, "b")) == 0

    assert_rows(store.write("a", COUNTS, size=SIZE, fill=write_another))
    assert_rows(store.open("b"))


def test_two_processes_that_write_one_key_at_once_both_get_right_rows(store: RaggedStore):
    both_in_the_middle = FORK.Barrier(2)

    def write() -> None:
        def fill(out: RaggedRows) -> None:
            both_in_the_middle.wait(30)
            filled()(out)
            both_in_the_middle.wait(30)

        assert_rows(store.write("a", COUNTS, size=SIZE, fill=fill))

    assert [exit_code(process) for process in [start(write), start(write)]] == [0, 0]
    assert_rows(store.open("a"))
    assert keys(store) == {"a"}


def used_long_ago(store: RaggedStore, *keys: str) -> None:
    for seconds, key in enumerate(keys):
        os.utime(store.folder / key, (1000 + seconds, 1000 + seconds))


def test_the_least_recently_used_entry_goes_first(tmp_path: Path):
    store = RaggedStore(tmp_path, 10**6)
    for key in "abc":
        put(store, key)
    used_long_ago(store, *"abc")
    full = RaggedStore(tmp_path, bytes_in(tmp_path))
    assert full.open("a") is not None
    put(full, "d")
    assert keys(full) == set("acd")
    put(full, "e")
    assert keys(full) == set("ade")


def test_only_as_much_goes_as_the_new_entry_needs(tmp_path: Path):
    store = RaggedStore(tmp_path, 10**6)
    for key in "abc":
        put(store, key)
    used_long_ago(store, *"abc")
    put(RaggedStore(tmp_path, bytes_in(tmp_path) + 1), "d")
    assert keys(store) == set("bcd")


def test_all_entries_together_stay_within_the_bytes_allowed(tmp_path: Path):
    draw, store = random.Random(0), RaggedStore(tmp_path, 3000)
    for i in range(60):
        put(store, str(i), [draw.randint(1, 9) for _ in range(draw.randint(1, 30))])
        assert bytes_in(tmp_path) <= 3000
    assert len(keys(store)) > 1


@pytest.mark.parametrize("missing", [0, 1])
def test_an_entry_fits_when_the_store_has_its_bytes_and_not_one_less(tmp_path: Path, missing: int):
    put(RaggedStore(tmp_path / "whole", 10**6), "a")
    rows = put(RaggedStore(tmp_path / "cache", bytes_in(tmp_path / "whole") - missing), "a")
    assert (rows is None) == bool(missing)


def test_an_entry_larger_than_the_store_is_none_and_drives_nothing_out(tmp_path: Path):
    store = RaggedStore(tmp_path, 1000)
    put(store, "a")
    assert put(store, "b", [1000]) is None
    assert keys(store) == {"a"}


def test_an_entry_that_is_evicted_while_a_reader_has_it_open_stays_readable(tmp_path: Path):
    store = RaggedStore(tmp_path, 600)
    rows = put(store, "a")
    assert put(store, "b") is not None
    assert store.open("a") is None
    assert_rows(rows)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve blocks")
def test_a_full_disk_is_none_and_leaves_nothing(store: RaggedStore, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # A mapped write to a full disk would be a SIGBUS and end the process.
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert put(store, "a") is None
    assert keys(store) == set()


def test_a_folder_that_cannot_be_made_is_none(tmp_path: Path):
    (tmp_path / "file").touch()
    assert put(RaggedStore(tmp_path / "file" / "cache", 10**6), "a") is None


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve blocks")
def test_the_blocks_of_an_entry_are_taken_before_it_is_filled(store: RaggedStore):
    def fill(out: RaggedRows) -> None:
        (file,) = store.folder.rglob(VALUES)
        assert file.stat().st_blocks * 512 >= file.stat().st_size

    store.write("a", [5000], size=SIZE, fill=fill)


def test_two_threads_that_write_one_key_do_each_other_no_harm(store: RaggedStore):
    half, whole = Event(), Event()

    def slow(out: RaggedRows) -> None:
        filled()(out)
        half.set()
        assert whole.wait(CEILING)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.write, "a", COUNTS, size=SIZE, fill=slow)
        assert half.wait(CEILING)
        assert_rows(put(store, "a"))
        with pytest.raises(ZeroDivisionError):
            store.write("a", COUNTS, size=SIZE, fill=lambda out: 1 / 0)
        whole.set()
        assert_rows(first.result(CEILING))
    assert_rows(store.open("a"))
    assert keys(store) == {"a"}
