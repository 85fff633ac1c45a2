"""The order of runs that wait."""

import random
from pathlib import Path

from demo.runs import queue
from mtl.runs import RunFolder


def test_runs_added_at_once_keep_their_order_whatever_their_names(tmp_path: Path):
    names = [f"run-{i:03}" for i in range(200)]
    random.Random(0).shuffle(names)
    folders = [RunFolder(tmp_path / name) for name in names]
    for folder in folders:
        folder.path.mkdir()
        queue.put(folder)
    assert [folder.id for folder in queue.in_order(sorted(folders, key=lambda f: f.id))] == names


def test_a_run_that_was_taken_out_to_start_goes_back_to_its_place(tmp_path: Path):
    folders = [RunFolder(tmp_path / f"run-{i}") for i in range(3)]
    for folder in folders:
        folder.path.mkdir()
        queue.put(folder)
    assert queue.begin(folders[1])
    assert not queue.begin(folders[1])
    assert queue.in_order(folders) == [folders[0], folders[2]]
    queue.give_back(folders[1])
    assert queue.in_order(folders) == folders
