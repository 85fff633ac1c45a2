"""Models by their Hub id: whatever an engine or a training reads of them is fetched."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub.utils import filter_repo_objects

import mtl
from mtl.backbones import find_backbone
from mtl.checkpoint import read_config
from mtl.checkpoint.sample import read_sample
from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from mtl.inference import Engine
from mtl.inference.autotune import measuring
from mtl.inference.source import STARTER_FOLDER, find_model
from tests.mtl.recipes import recipe_of
from tests.tiny import ARCHITECTURES, EXACT

TEXTS = ["Anna met Tom in Paris.", "a very bad film"]
Publish = Callable[[Path], str]


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Puts a folder on a Hub that sends the files it is asked for, and no other; gives the id."""
    folders: dict[str, Path] = {}

    def snapshot_download(name: str, *, allow_patterns: list[str]) -> str:
        files = [str(file.relative_to(folders[name])) for file in folders[name].rglob("*") if file.is_file()]
        for file in filter_repo_objects(files, allow_patterns=allow_patterns):
            place = tmp_path / "hub" / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folders[name] / file, place)
        return str(tmp_path / "hub" / name)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)

    def publish(folder: Path) -> str:
        folders[f"owner/model-{len(folders)}"] = folder
        return list(folders)[-1]

    return publish


def files_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("folder", ["trained", "starter"])
def test_of_a_checkpoint_everything_but_its_card_is_fetched(publish: Publish, trained: Path, folder: str):
    given = trained / "best" if folder == "trained" else STARTER_FOLDER
    found = find_model(publish(given))
    assert files_of(found.folder) == files_of(given) - {"README.md"}
    assert found.fingerprint() == find_model(str(given)).fingerprint()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_of_a_backbone_everything_is_fetched(
    publish: Publish, backbone_folder: Callable[[str], Path], architecture: str
):
    given = backbone_folder(architecture)
    assert files_of(find_model(publish(given)).folder) == files_of(given)


def test_what_sentence_transformers_and_older_tokenizers_write_is_fetched(
    publish: Publish, tiny_bert: Path, tmp_path: Path
):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "sentence"))
    (folder / "1_Pooling").mkdir()
    more = [
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
        "vocab.txt",
        "merges.txt",
        "spm.model",
    ]
    for name in more:
        (folder / name).write_text("[]" if name == "modules.json" else "{}")
    assert set(more) < files_of(find_model(publish(folder)).folder)


def test_a_checkpoint_of_the_hub_answers_as_the_folder_that_was_published(publish: Publish, trained: Path):
    name = publish(trained / "best")
    expected = Engine.load(trained / "best", **EXACT)
    engine = Engine.load(name, **EXACT)
    assert engine.tasks == expected.tasks
    assert (engine.encode(TEXTS) == expected.encode(TEXTS)).all()


def test_a_way_to_run_a_checkpoint_of_the_hub_must_keep_the_metrics_on_its_sample(
    publish: Publish, trained: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))  # nothing was chosen there before
    find_backbone(str(tiny_bert))
    name = publish(trained / "best")
    source = find_model(name)
    tasks = Engine.load(trained / "best", **EXACT).tasks
    sample = read_sample(trained / "best", tasks)
    assert sample.keys() == tasks.keys()
    assert read_sample(source.folder, tasks) == sample
    asked: list[Path | None] = []

    def choose(prepared: measuring.Prepared, *_: object) -> None:
        asked.append(prepared.checkpoint)
        raise BackboneError("seen")

    monkeypatch.setattr(measuring, "choose", choose)
    with pytest.raises(BackboneError, match="seen"):
        Engine.load(name, backend="torch")
    assert asked == [source.folder]


def test_training_continues_from_a_checkpoint_of_the_hub(publish: Publish, trained: Path, tmp_path: Path):
    recipe = recipe_of(Path("x"), ["topic"], freezing={"preset": "heads_only"}, budget={"max_steps": 1})
    recipe = recipe.model_copy(update={"backbone": publish(trained / "best")})
    list(mtl.train(recipe, folder=tmp_path / "run"))
    found, before = read_config(tmp_path / "run" / "last"), read_config(trained / "best")
    assert found.backbone == before.backbone
    assert found.tasks.keys() == before.tasks.keys()


def test_a_backbone_of_the_hub_is_named_by_its_id(publish: Publish, tiny_bert: Path):
    name = publish(tiny_bert)
    source = load_backbone(name).source
    assert (source.name, source.local) == (name, False)
