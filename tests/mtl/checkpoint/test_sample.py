"""The evaluation sample beside a checkpoint's weights."""

import shutil
from pathlib import Path

import pytest

from mtl.checkpoint.sample import drawn, read_sample, write_sample
from mtl.checkpoint.store import Snapshot, load, save
from mtl.data import LabelledText, ScoredPair, read_files
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind
from tests.mtl.recipes import EXAMPLES


@pytest.mark.parametrize(("size", "expected"), [(0, []), (3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))])
def test_a_sample_is_spread_over_all_examples(size: int, expected: list[int]):
    assert list(drawn([LabelledText(str(i), "a") for i in range(10)], size)) == [
        LabelledText(str(i), "a") for i in expected
    ]


def test_a_sample_is_read_back_as_it_was(trained: Path, tmp_path: Path):
    tasks = load(trained / "last").model.tasks
    entities = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(EXAMPLES / "entities" / "dev.conll")])
    sample = {
        "topic": (LabelledText("well, “no” 🙂", "sports"), LabelledText("b", "a label that training never saw")),
        "entities": entities,
        "similarity": (ScoredPair("a", "b", 0.25),),
    }
    write_sample(tmp_path, {**sample, "sentiment": ()})
    found = read_sample(tmp_path, tasks)
    assert found.keys() == sample.keys() & tasks.keys()
    assert found["topic"] == sample["topic"]
    assert found["entities"] == entities


def test_a_run_keeps_dev_examples_of_every_task_and_a_recipe_can_say_none(trained: Path, tmp_path: Path):
    loaded = load(trained / "last")
    found = read_sample(trained / "last", loaded.model.tasks)
    assert found.keys() == loaded.model.tasks.keys()
    assert all(0 < len(examples) <= 32 for examples in found.values())
    save(loaded, tmp_path / "bare", Snapshot(1, {}, {}))
    assert not (tmp_path / "bare" / "sample").exists()


def test_a_damaged_sample_says_where(trained: Path, tmp_path: Path):
    copy = Path(shutil.copytree(trained / "last", tmp_path / "copy"))
    (copy / "sample" / "topic.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"topic\.jsonl:1"):
        read_sample(copy, load(copy).model.tasks)
