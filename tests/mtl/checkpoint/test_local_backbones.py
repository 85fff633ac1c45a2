"""Checkpoints on a backbone that is a folder: no path in them, and the backbone is found again."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import mtl
from mtl.backbones import find_backbone
from mtl.checkpoint import read_config
from mtl.checkpoint.store import load
from mtl.errors import CheckpointError
from mtl.inference import Engine
from mtl.recipe import load as load_recipe
from mtl.runs import home
from tests.mtl.recipes import EXAMPLES, quick_recipe, recipe_of
from tests.tiny import EXACT

TEXTS = ["Anna met Tom in Paris.", "a very bad film"]
SHORT = {"budget": {"max_steps": 1}, "freezing": {"preset": "last_layers", "layers": 1}}


@pytest.fixture
def backbone(tiny_bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bert, tmp_path / "models" / "my-bert"))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def checkpoint(backbone: Path, tmp_path: Path) -> Path:
    list(mtl.train(recipe_of(backbone, ["topic"], **SHORT), folder=tmp_path / "run"))
    return tmp_path / "run" / "last"


def complaint(folder: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        load(folder)
    with pytest.raises(CheckpointError, match=re.escape(str(error.value))):
        Engine.load(folder)
    return str(error.value)


def needed(folder: Path) -> str:
    sha256 = read_config(folder).backbone.sha256
    return (
        f"{folder}: the backbone my-bert with sha256 {sha256[:12]}… is needed and no folder known here has it: "
        "load its folder once, as mtl.Engine.load(FOLDER) does, and then load this again"
    )


def paths_in(folder: Path, *, machine: Path) -> Iterator[str]:
    """Whatever looks like a path of this machine in the files of a checkpoint."""
    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("utf-8", errors="ignore")
            yield from (f"{file.name}: {place}" for place in (machine, EXAMPLES, Path.home()) if str(place) in text)


STARTS = ("folder", "checkpoint", "old checkpoint", "checkpoint of a checkpoint")


def start_of(kind: str, backbone: Path, folder: Path) -> str:
    if kind == "folder":
        return str(backbone)
    list(mtl.train(recipe_of(backbone, ["topic"], **SHORT), folder=folder / "a"))
    if kind == "old checkpoint":
        config = json.loads((folder / "a" / "best" / "config.json").read_text())
        config["backbone"] = {"name": str(backbone), "sha256": config["backbone"]["sha256"]}
        config["recipe"]["backbone"] = str(backbone)
        (folder / "a" / "best" / "config.json").write_text(json.dumps(config))
    if kind != "checkpoint of a checkpoint":
        return str(folder / "a" / "best")
    list(mtl.train(recipe_of(folder / "a" / "best", ["topic"], **SHORT), folder=folder / "b"))
    return str(folder / "b" / "last")


@pytest.mark.parametrize("kind", STARTS)
def test_no_path_of_this_machine_is_in_a_checkpoint_whatever_it_started_from(backbone: Path, tmp_path: Path, kind: str):
    recipe = recipe_of(Path(start_of(kind, backbone, tmp_path)), ["topic"], **SHORT)
    list(mtl.train(recipe, folder=tmp_path / "run"))
    for name in ("best", "last"):
        assert list(paths_in(tmp_path / "run" / name, machine=tmp_path)) == []
    assert load(tmp_path / "run" / "last").model.tasks.keys() == {"topic"}


@pytest.mark.parametrize("written", ["absolute", "relative", "above", "variable", "root and list"])
def test_no_path_of_this_machine_is_in_a_checkpoint_however_the_recipe_names_its_files(
    backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
):
    data = tmp_path / "some data"
    data.mkdir()
    quick_recipe(backbone, data)  # writes its files
    monkeypatch.setenv("OUR_DATA", str(data))
    root, files = {
        "absolute": (None, str(data / "topic.csv")),
        "relative": (None, "some data/topic.csv"),
        "above": (None, "../x/../some data/topic.csv"),
        "variable": ("${OUR_DATA}", "topic.csv"),
        "root and list": (str(data), ["topic.csv", str(data / "topic-dev.csv")]),
    }[written]
    place = tmp_path / "x" if written == "above" else tmp_path
    place.mkdir(exist_ok=True)
    content = {
        "backbone": "models/my-bert" if written == "relative" else str(backbone),
        "tasks": {"topic": {"kind": "classification", "train": files, "dev": files}},
        **({"data_root": root} if root else {}),
        **SHORT,
    }
    (place / "recipe.yaml").write_text(json.dumps(content))
    list(mtl.train(load_recipe(place / "recipe.yaml"), folder=tmp_path / "run"))
    assert list(paths_in(tmp_path / "run" / "last", machine=tmp_path)) == []
    recipe = read_config(tmp_path / "run" / "last").recipe
    assert recipe["backbone"] == "./my-bert"
    assert "some data/topic.csv" in recipe["tasks"]["topic"]["train"]


def test_a_checkpoint_loads_wherever_it_lies_on_this_machine(checkpoint: Path, tmp_path: Path):
    expected = Engine.load(checkpoint, **EXACT).encode(TEXTS)
    moved = checkpoint.rename(tmp_path / "moved")
    assert (Engine.load(moved, **EXACT).encode(TEXTS) == expected).all()
    assert read_config(moved).backbone.model_dump() == {
        "name": "my-bert",
        "sha256": find_backbone(str(tmp_path / "models" / "my-bert")).sha256,
        "local": True,
    }


def test_a_machine_that_does_not_know_the_backbone_says_how_to_give_it(
    checkpoint: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "another home"))
    assert complaint(checkpoint) == needed(checkpoint)
    Engine.load(tiny_bert, **EXACT)  # the same weights in a folder of another name
    assert Engine.load(checkpoint, **EXACT).encode(TEXTS).shape == (2, 16)


def test_a_backbone_that_moved_is_known_again_once_it_was_loaded(checkpoint: Path, backbone: Path, tmp_path: Path):
    moved = backbone.rename(tmp_path / "elsewhere")
    assert complaint(checkpoint) == needed(checkpoint)
    find_backbone(str(moved))
    assert load(checkpoint).backbone.folder == moved


def test_of_two_folders_with_the_weights_one_may_go(checkpoint: Path, backbone: Path, tiny_bert: Path):
    find_backbone(str(tiny_bert))
    shutil.rmtree(backbone)
    assert load(checkpoint).backbone.folder == tiny_bert


def test_a_copy_of_the_weights_with_other_settings_is_not_taken_for_the_backbone(
    checkpoint: Path, backbone: Path, tmp_path: Path
):
    copy = Path(shutil.copytree(backbone, tmp_path / "copies" / "other"))
    (copy / "modules.json").write_text("{")
    find_backbone(str(copy))  # seen last
    assert load(checkpoint).backbone.folder == backbone


@pytest.mark.parametrize("content", ["", "\n\n", "/no/such/folder", b"\xff\xfe\n"])
def test_notes_of_folders_that_are_damaged_are_as_if_there_were_none(checkpoint: Path, content: str | bytes):
    (note,) = (home() / "backbones").iterdir()
    note.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert complaint(checkpoint) == needed(checkpoint)


def test_a_folder_whose_weights_have_changed_is_not_taken(checkpoint: Path, backbone: Path):
    tensors = load_file(backbone / "model.safetensors")
    next(iter(tensors.values())).view(-1)[0] += 1
    save_file(tensors, backbone / "model.safetensors", metadata={"format": "pt"})
    assert complaint(checkpoint) == needed(checkpoint)


def test_an_older_checkpoint_with_a_path_loads_and_names_other_weights_there(checkpoint: Path, backbone: Path):
    expected = dict(load(checkpoint).model.named_parameters())
    config = json.loads((checkpoint / "config.json").read_text())
    sha256 = config["backbone"]["sha256"]
    for name, found in ((backbone, sha256), (backbone.with_name("gone"), sha256), (backbone, "0" * 64)):
        config["backbone"] = {"name": str(name), "sha256": found}
        (checkpoint / "config.json").write_text(json.dumps(config))
        if found == sha256:
            assert all(torch.equal(p, expected[n]) for n, p in load(checkpoint).model.named_parameters())
    assert complaint(checkpoint) == (
        f"{checkpoint}: a backbone my-bert with sha256 000000000000… was expected, found one with {sha256[:12]}…"
    )
