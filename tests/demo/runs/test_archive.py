import os
import zipfile

import pytest

from demo.runs.archive import zip_run
from demo.runs.info import write_name
from demo.runs.recipe_text import as_yaml
from mtl.errors import RunError
from mtl.runs import Failed, RunFolder, home, runs_root
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM, KNOWN


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    made = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    made.create()
    return made


def test_a_run_is_packed_without_a_path_of_this_machine(folder):
    from demo.training.recipe_form import recipe_of

    folder.recipe.write_text(as_yaml(recipe_of(FORM, KNOWN, settings())))
    folder.append(Failed(1, f"{home()}/uploads/x.csv:3: wrong"))
    folder.log_file.write_text(f"run folder: {folder.path}")
    folder.best.mkdir()
    (folder.best / "config.json").write_text("{}")
    (folder.path / "owner").write_text("secret")
    write_name(folder, "mine / 1")
    with zipfile.ZipFile(zip_run(folder)) as archive:
        names = set(archive.namelist())
        texts = [archive.read(name).decode() for name in names]
    assert names == {"recipe.yaml", "events.jsonl", "log.txt", "checkpoint/config.json"}
    assert zip_run(folder).name == "mine---1.zip"
    assert not any(str(home()) in text or "examples/topic" in text.replace("topic/train", "") for text in texts)


def test_a_run_whose_data_are_gone_is_packed_all_the_same(folder):
    folder.append(Failed(1, "x"))
    folder.log_file.touch()
    folder.recipe.write_text(f"tasks: {{a: {{kind: tagging, train: [{home()}/uploads/a.conll]}}}}")
    with zipfile.ZipFile(zip_run(folder)) as archive:
        assert "- a.conll\n" in archive.read("recipe.yaml").decode()


def test_nothing_is_packed_before_there_is_something(folder):
    with pytest.raises(RunError, match="nothing to download"):
        zip_run(folder)


def test_what_was_packed_an_hour_ago_goes(folder):
    folder.append(Failed(1, "x"))
    folder.log_file.touch()
    folder.recipe.write_text("tasks: {}")
    old = zip_run(folder)
    os.utime(old.parent, (0, 0))
    assert zip_run(folder).is_file()
    assert not old.parent.exists()
