"""What lies in a folder while another process deletes in it."""

import os
import shutil

import pytest

from mtl.folders import files_in, folder_size


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b/c", "d"):
        made = tmp_path / name
        made.mkdir(parents=True)
        for number in range(2):
            (made / f"{number}.txt").write_bytes(b"12345")
    return tmp_path


def test_files_of_all_depths_and_their_bytes(folder):
    found = {file.relative_to(folder).as_posix() for file in files_in(folder)}
    assert found == {f"{name}/{number}.txt" for name in ("a", "b/c", "d") for number in range(2)}
    assert folder_size(folder) == 30


def test_no_folder_has_no_files(tmp_path):
    assert list(files_in(tmp_path / "none")) == []
    assert folder_size(tmp_path / "none") == 0


@pytest.mark.parametrize("seen", range(6))
def test_what_goes_away_meanwhile_is_left_out_and_the_rest_is_not(folder, seen):
    order = list(files_in(folder))
    walk = files_in(folder)
    files = [next(walk) for _ in range(seen)]
    shutil.rmtree(order[seen].parent)
    files += walk
    assert {file for file in files if file.exists()} == {file for file in order if file.exists()}
    assert len({file for file in files if file.exists()}) == 4


@pytest.mark.parametrize("gone", range(6))
def test_the_bytes_of_a_folder_count_when_a_part_of_it_goes_away(folder, monkeypatch, gone):
    """A quota that took such a folder for an empty one would let its owner keep more."""
    order, read, stat = list(files_in(folder)), [], os.stat

    def removing(file, **how):
        if len(read) == gone:
            shutil.rmtree(order[gone].parent)
        read.append(file)
        return stat(file, **how)

    monkeypatch.setattr("mtl.folders.os.stat", removing)
    size = folder_size(folder)
    monkeypatch.undo()
    assert folder_size(folder) == 20 <= size < 30


def test_a_folder_that_cannot_be_listed_has_no_size_and_is_no_empty_one(folder, monkeypatch):
    scandir = os.scandir

    def refusing(place):
        if str(place).endswith("b"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr("os.scandir", refusing)
    assert folder_size(folder) == 20
    with pytest.raises(PermissionError):
        list(files_in(folder))
