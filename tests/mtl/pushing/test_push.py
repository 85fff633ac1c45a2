"""Uploads to a Hub, and models loaded back from it by their id."""

import json
import shutil
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import mtl
from mtl.checkpoint import read_config
from mtl.checkpoint.card import model_card
from mtl.checkpoint.config import CheckpointConfig
from mtl.checkpoint.sample import read_sample
from mtl.cli.app import app, main
from mtl.errors import CheckpointError, HubError, InputError
from mtl.inference.source import STARTER_FOLDER, find_model
from mtl.outside import SUMMARIES_FILE
from mtl.pushing import PushOptions, push
from tests.hub_server import TOKEN, Hub, hub_server

NAME = "someone/topics"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with hub_server() as running:
        constants = huggingface_hub.constants
        template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield running


def front_matter(hub: Hub) -> dict[str, object]:
    return yaml.safe_load(hub.files[NAME]["README.md"].decode().split("---\n")[1])


def test_a_pushed_model_is_loaded_back_by_its_id_with_its_evaluation_sample(hub: Hub):
    pushed = push("starter", NAME)
    assert pushed.url == f"{hub.url}/{NAME}" and pushed.files == len(hub.files[NAME])
    found = find_model(NAME)
    assert found.fingerprint() == find_model("starter").fingerprint()
    config = read_config(found.folder)
    sample = read_sample(found.folder, {name: task.info(name) for name, task in config.tasks.items()})
    assert {name for name, examples in sample.items() if len(examples)} == set(config.tasks)
    here, there = (mtl.Engine.load(name, precision="fp32") for name in ("starter", NAME))
    texts = ["A fine film by Anna Keller in Oslo."]
    np.testing.assert_array_equal(here.encode(texts), there.encode(texts))
    assert here.tag(texts) == there.tag(texts) and here.classify(texts) == there.classify(texts)


def test_the_card_has_the_figures_licence_data_sets_and_texts_for_the_widget(hub: Hub):
    push("starter", NAME, PushOptions(licence="apache-2.0", data_sets=("a/b", "c/d")))
    front = front_matter(hub)
    metrics = read_config(STARTER_FOLDER).metrics
    (index,) = huggingface_hub.repocard_data.model_index_to_eval_results(front["model-index"])[1:]
    assert front["model-index"][0]["name"] == NAME
    assert {(one.task_name, one.metric_name): one.metric_value for one in index}[("topic", "Accuracy")] == round(
        metrics["eval/topic/accuracy"], 4
    )
    assert {one.task_name for one in index} == set(read_config(STARTER_FOLDER).tasks)
    assert (front["license"], front["datasets"]) == ("apache-2.0", ["a/b", "c/d"])
    assert len(front["widget"]) == 3
    text = hub.files[NAME]["README.md"].decode()
    assert f'mtl.Engine.load("{NAME}")' in text and "## Data and attribution" in text


def test_a_sample_that_is_not_to_be_shared_is_nowhere_and_goes_where_it_was(hub: Hub):
    push("starter", NAME)
    assert any(name.startswith("sample/") for name in hub.files[NAME])
    push("starter", NAME, PushOptions(sample=False))
    assert not any(name.startswith("sample/") for name in hub.files[NAME])
    assert "widget" not in front_matter(hub) and b"sample/" not in hub.files[NAME]["README.md"]


def test_an_interrupted_upload_goes_on_with_the_files_that_are_missing(hub: Hub, tmp_path: Path):
    folder = Path(shutil.copytree(STARTER_FOLDER, tmp_path / "two"))
    (folder / "more.safetensors").write_bytes(b"x" * 100_000)
    hub.breaks_after = 1
    with pytest.raises(HubError, match="interrupted; the same call goes on"):
        push(folder, NAME)
    assert hub.files[NAME] == {} and len(hub.uploads) == 1
    hub.breaks_after = None
    push(folder, NAME)
    assert len(hub.uploads) == len(set(hub.uploads)) == 3
    assert hub.files[NAME]["more.safetensors"] == b"x" * 100_000


def test_summaries_of_another_model_do_not_stay(hub: Hub, tmp_path: Path):
    push("starter", NAME)
    assert SUMMARIES_FILE in hub.files[NAME]
    folder = Path(shutil.copytree(STARTER_FOLDER, tmp_path / "without"))
    (folder / SUMMARIES_FILE).unlink()
    push(folder, NAME)
    assert SUMMARIES_FILE not in hub.files[NAME]


def test_a_licence_that_the_hub_does_not_know_is_told(hub: Hub):
    with pytest.raises(HubError, match='refused the upload to someone/topics: "license" must be one of the known'):
        push("starter", NAME, PushOptions(licence="no-such"))


def test_offline_nothing_is_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        push("starter", NAME)


@pytest.mark.parametrize(
    ("refuses", "sentence"),
    [
        ({"/create": 401}, "hf auth login"),
        ({"/create": 403}, "may not write to someone/topics"),
        ({"/main": 403}, "may not write to someone/topics"),
        ({"/batch": 422}, "refused the upload to someone/topics \\(422\\): The Hub says no"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(hub: Hub, refuses: dict[str, int], sentence: str):
    hub.refuses = refuses
    with pytest.raises(HubError, match=sentence):
        push("starter", NAME)


def test_a_hub_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(HubError, match="cannot be reached, nothing was uploaded"):
        push("starter", NAME)


@pytest.mark.parametrize("name", ["topics", "a/b/c", "/b", "a/", "a b/c", "ä/b", "", "--x/y", "a/.git"])
def test_a_name_that_is_none_is_refused_before_the_hub_is_asked(name: str):
    with pytest.raises(InputError, match="OWNER/NAME was expected"):
        push("starter", name)


def test_a_model_that_nobody_else_could_load_is_refused(trained: Path, tiny_bert: Path):
    with pytest.raises(CheckpointError, match="folder of this machine.*export"):
        push(trained / "best", NAME)
    with pytest.raises(CheckpointError, match="without heads"):
        push(tiny_bert, NAME)


def test_the_command_uploads_a_private_model(hub: Hub):
    found = CliRunner().invoke(app, ["push", "starter", NAME, "--private", "--license", "mit", "--no-sample"])
    assert (found.exit_code, hub.private[NAME]) == (0, True)
    assert f'mtl.Engine.load("{NAME}")' in found.output
    assert main(["push", "starter", "topics"]) == 1


@pytest.mark.parametrize(
    "options",
    [PushOptions(licence=name) for name in ("", "Apache 2.0", "MIT", "mit\nx: y", "-x")]
    + [PushOptions(data_sets=(name,)) for name in ("", "a b", "a/b/c", "../x")],
    ids=str,
)
def test_names_that_the_hub_cannot_hold_are_refused_before_it_is_asked(options: PushOptions):
    with pytest.raises(InputError, match="was expected"):
        push("starter", NAME, options)


def test_a_checkpoint_of_a_former_version_with_the_path_of_its_backbone_is_refused(trained: Path, tmp_path: Path):
    old = Path(shutil.copytree(trained / "best", tmp_path / "old"))
    config = json.loads((old / "config.json").read_text())
    found = find_model(str(trained / "best")).backbone.folder
    config["backbone"] = {"name": str(found), "sha256": config["backbone"]["sha256"]}
    (old / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="folder of this machine") as caught:
        push(old, NAME)
    assert str(found) not in str(caught.value)
    assert str(found) not in model_card(CheckpointConfig.model_validate(config))
