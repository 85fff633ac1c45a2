import json
import shutil
import zipfile

import pytest
import yaml

from demo.runs.archive import zip_run
from demo.runs.info import write_name
from demo.runs.recipe_text import as_yaml
from demo.temporary import temporary_folder
from mtl.errors import RunError
from mtl.folders import files_in
from mtl.runs import Failed, Noticed, RunFolder, home, runs_root
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
        assert "- uploads/a.conll\n" in archive.read("recipe.yaml").decode()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_checkpoint_of_a_live_run_is_packed_whole_or_not_at_all(folder, monkeypatch, times):
    """The run saves a new checkpoint when the first file of the old one is packed, so many times."""
    folder.append(Failed(1, "x"))
    folder.log_file.touch()
    left = times

    def save(text):
        made = folder.path / "new"
        made.mkdir()
        for name in ("config.json", "weights.safetensors"):
            (made / name).write_text(text)
        if folder.best.exists():
            shutil.rmtree(folder.best)
        made.rename(folder.best)

    class Archive(zipfile.ZipFile):
        def write(self, file, name):
            nonlocal left
            super().write(file, name)
            if left and file.name == "config.json":
                left -= 1
                save(f"checkpoint {times - left}")

    save("checkpoint 0")
    monkeypatch.setattr("demo.runs.archive.zipfile.ZipFile", Archive)
    if times == 3:
        with pytest.raises(RunError, match="was saving its model just now"):
            zip_run(folder)
        assert not list(files_in(temporary_folder()))
    else:
        with zipfile.ZipFile(zip_run(folder)) as archive:
            read = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("checkpoint/")}
        assert read == dict.fromkeys(
            ("checkpoint/config.json", "checkpoint/weights.safetensors"), f"checkpoint {times}"
        )


def test_nothing_is_packed_before_there_is_something(folder):
    with pytest.raises(RunError, match="nothing to download"):
        zip_run(folder)


PLACES = ["absolute", "in a folder with blanks", "relative to data_root", "of a Hub data set"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("backbone", ["/srv/models/my-bert", "/srv/runs/a-run/best", "owner/name"])
@pytest.mark.parametrize("is_valid", [True, False])
def test_no_path_of_this_machine_is_packed_whatever_the_recipe_names(folder, place, backbone, is_valid):
    files, root = {
        "absolute": ("/srv/data/topics/train.csv", None),
        "in a folder with blanks": ('/srv/our "own" dätä/train.csv', None),
        "relative to data_root": ("topics/train.csv", "/srv/our data"),
        "of a Hub data set": ("hf:owner/name/train.csv", None),
    }[place]
    task = {"kind": "classification", "train": [files], "dev": files}
    recipe = {"backbone": backbone, "data_root": root, "tasks": {"a": task}} | ({} if is_valid else {"older": 1})
    folder.recipe.write_text(yaml.safe_dump(recipe))
    folder.append(Noticed(0, f"{files}:3: a label; see https://host/a/b/c, 1/2 or and/or"))
    trace = f'File "/usr/lib/python3/x.py", line 3\n{backbone}: wrong\n/opt/a/b.py:3\n{files}: {root}/other.csv'
    folder.append(Failed(1, trace))
    folder.log_file.write_text(trace)
    with zipfile.ZipFile(zip_run(folder)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in texts.items():
        assert not [part for part in ("/srv", "/usr", "/opt", str(home())) if part in text], name
    assert not any("our" in texts[name] for name in ("events.jsonl", "log.txt"))  # nor half of one
    assert "https://host/a/b/c, 1/2 or and/or" in texts["events.jsonl"]
    assert 'File "x.py", line 3' in texts["log.txt"]
    assert ("hf:owner/name/train.csv" if place == PLACES[3] else "train.csv") in texts["recipe.yaml"]


def test_the_path_of_a_backbone_in_a_checkpoint_of_a_former_version_is_not_packed(folder):
    folder.append(Failed(1, "x"))
    folder.log_file.touch()
    folder.best.mkdir()
    config = {"backbone": {"name": "/home/ann/models/bert", "sha256": "0"}}
    (folder.best / "config.json").write_text(json.dumps(config))
    (folder.best / "README.md").write_text("base_model: /home/ann/models/bert")
    (folder.best / "model.safetensors").write_bytes(b"\xff\x00")
    with zipfile.ZipFile(zip_run(folder)) as archive:
        read = {name: archive.read(name) for name in archive.namelist()}
    assert not any(b"/home/ann" in content for content in read.values())
    assert json.loads(read["checkpoint/config.json"])["backbone"]["name"] == "bert"
    assert read["checkpoint/README.md"] == b"base_model: bert"
    assert read["checkpoint/model.safetensors"] == b"\xff\x00"
