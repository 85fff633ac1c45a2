"""Labels, entity types and names of backbones of any characters through what an export writes, read back."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, BertConfig

from mtl.backbones import BackboneSource
from mtl.checkpoint.config import TaskRecord
from mtl.exports.card import write_card
from mtl.exports.onnx.config import config_json
from mtl.exports.onnx.run import Model
from mtl.exports.pipelines.folders import _name_labels
from mtl.exports.static.engine import StaticEngine, StaticHead
from mtl.exports.static.heads import LinearHead
from mtl.inference.spec import CrfScores, EngineSpec
from mtl.recipe import HeadConfig, TaskKind
from mtl.task import TaskInfo
from mtl.text.windows import WindowConfig
from tests.mtl.data.generated import labels

NUMBERS = ["[1,  2]", "[ 1 ]", "[1,\u00a02]", "[-1.5e3,\u20282]", '"[1,  2]', "\\", "a\0"]
ANY = st.lists(labels | st.sampled_from(NUMBERS), min_size=2, max_size=6, unique=True)
writing = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def spec_with(found: list[str]) -> EngineSpec:
    info = TaskInfo("names", TaskKind.TAGGING, tuple(found), HeadConfig(decoder="crf"))
    size = len(info.tags.tags)
    tasks = {
        "topic": TaskRecord(kind="classification", labels=found, head={}),
        "tone": TaskRecord(kind="classification", labels=found, head={}, multi_label=True),
        "names": TaskRecord.of(info),
    }
    crf = CrfScores(transitions=np.eye(size).tolist(), starts=[0.5] * size)
    window = WindowConfig(max_length=8, pad_id=0, lower_case=False)
    return EngineSpec(
        backbone="b", dimension=4, normalize=True, window=window, tasks=tasks, crf={"names": crf}, recipe={}
    )


@given(ANY)
@example(NUMBERS)
def test_the_configuration_of_a_graph_has_the_labels_as_they_are(found: list[str]):
    content = json.loads(config_json(spec_with(found), ["input_ids"], []))
    assert [task["labels"] for task in content["tasks"].values()] == [found] * 3
    assert content["tasks"]["names"]["tags"] == list(spec_with(found).task_infos()["names"].tags.tags)
    size = len(content["tasks"]["names"]["tags"])
    assert np.shape(content["tasks"]["names"]["transitions"]) == (size, size)


@given(ANY, st.integers(0, 5))
def test_the_program_of_a_graph_answers_with_the_labels_as_they_are(found: list[str], at: int):
    scores = np.eye(len(found), dtype=np.float32)[at % len(found)]
    ran: Model = object.__new__(Model)
    ran.config = json.loads(config_json(spec_with(found).of_tasks(["topic", "tone"]), [], []))
    ran.session = SimpleNamespace(run=lambda _, feed: [np.zeros((1, 4)), scores[None], scores[None]])
    ran.tokenizer = SimpleNamespace(encode=lambda text: SimpleNamespace(overflowing=[]))
    answer = ran("a text")
    assert list(answer["classes"]["topic"]) == found
    assert answer["labels"] == {"topic": [found[at % len(found)]], "tone": [found[at % len(found)]]}


@writing
@given(ANY, st.sampled_from([TaskKind.CLASSIFICATION, TaskKind.TAGGING]))
def test_the_configuration_for_transformers_has_the_labels_as_they_are(
    tmp_path: Path, found: list[str], kind: TaskKind
):
    model, task = SimpleNamespace(config=BertConfig()), TaskInfo("topic", kind, tuple(found), HeadConfig())
    _name_labels(model, task)
    model.config.save_pretrained(tmp_path)
    read = AutoConfig.from_pretrained(tmp_path)
    expected = list(task.tags.tags if kind is TaskKind.TAGGING else found)
    assert list(read.id2label.values()) == expected
    assert read.label2id == {label: i for i, label in enumerate(expected)}


@writing
@given(found=ANY)
def test_static_heads_have_the_labels_as_they_are(tmp_path: Path, found: list[str], monkeypatch: pytest.MonkeyPatch):
    model2vec = pytest.importorskip("model2vec")
    monkeypatch.setattr(model2vec.StaticModel, "from_pretrained", lambda folder: None)
    model = SimpleNamespace(save_pretrained=lambda folder: None)
    head = LinearHead(np.zeros((len(found), 2), np.float32), np.zeros(len(found), np.float32))
    StaticEngine(model, {"topic": StaticHead(tuple(found), False, head)}).save(tmp_path)
    assert StaticEngine.load(tmp_path).heads["topic"].labels == tuple(found)


@writing
@given(name=labels, local=st.booleans())
def test_the_card_of_an_export_names_any_backbone(tmp_path: Path, name: str, local: bool):
    loaded = SimpleNamespace(backbone=BackboneSource(name, tmp_path, "0", local=local))
    write_card(loaded, tmp_path, library="transformers", pipeline="text-classification", usage="pass")
    with (tmp_path / "README.md").open(encoding="utf-8", newline="") as file:
        card = file.read()
    front, rest = card.removeprefix("---\n").split("\n---\n", 1)
    assert yaml.safe_load(front).get("base_model") == (None if local else name)
    assert rest.count("```") == 2
