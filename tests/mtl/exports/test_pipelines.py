"""Heads in the stock classifiers of transformers give there what they give here, or are refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import pipeline
from transformers.utils import logging

from mtl.checkpoint.store import LoadedModel, build
from mtl.encoder import load_backbone
from mtl.errors import InputError
from mtl.exports import export
from mtl.exports.pipelines.classification import classifier_of
from mtl.exports.pipelines.layers import NotHeldError
from mtl.exports.pipelines.tagging import tagger_of
from mtl.inference import Engine
from mtl.recipe.choices import Pooling, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.task import TaskInfo
from tests.mtl.encoder.batches import batch_of
from tests.mtl.exports.models import saved_model
from tests.tiny import ARCHITECTURES, EXACT, HIDDEN, WORDS

TEXTS = ["Anna met Tom in Paris.", "the film was not very good", "we", "a bank in new york city hotel " * 4]
HEADS = {
    "none": {"hidden": ()},
    "tanh": {},
    "few tanh": {"hidden": 8},
    "gelu": {"hidden": 12, "activation": "gelu"},
    "relu": {"hidden": 12, "activation": "relu"},
    "two": {"hidden": (12, 8), "activation": "gelu"},
    "shared": {"hidden": (8,), "shared": "group"},
    "norm": {"hidden": HIDDEN, "activation": "gelu", "norm": 1e-5},
}
EXTENDED = {"bert", "distilbert", "roberta", "xlm-roberta"}
# What cannot be held, by pooling and architecture; everything else is.
_BY_RULE = {name: {"two", "norm"} for name in EXTENDED} | {
    "modernbert": {"tanh", "two"},
    "deberta-v2": {"norm"},
    "electra": {"tanh", "few tanh", "shared", "norm"},
    "t5": set(HEADS),
}
_NOT_TANH = {"gelu", "relu", "two", "norm"}
_BESIDE_CLS = {"mpnet": _NOT_TANH, "albert": _NOT_TANH, "deberta": {"two", "norm"}}


def refused(architecture: str, pooling: Pooling) -> set[str]:
    if architecture in _BESIDE_CLS:
        return _BESIDE_CLS[architecture] if pooling is Pooling.CLS else set(HEADS)
    return _BY_RULE[architecture]


def model_with(backbone: Path, heads: dict[str, HeadConfig], kind: TaskKind, pooling: Pooling) -> LoadedModel:
    labels = ("a", "b", "c") if kind is TaskKind.CLASSIFICATION else ("LOC", "PER")
    tasks = {name: TaskInfo(name, kind, labels, head) for name, head in heads.items()}
    torch.manual_seed(3)
    loaded = build(load_backbone(str(backbone), pooling=pooling), tasks)
    for parameter in loaded.model.heads.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return loaded


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.CLS])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_classifiers_give_the_logits_of_the_head(
    backbone_folder: Callable[[str], Path], architecture: str, pooling: Pooling
):
    configs = {name: HeadConfig(**config) for name, config in HEADS.items()}
    loaded = model_with(backbone_folder(architecture), configs, TaskKind.CLASSIFICATION, pooling)
    batch = batch_of(loaded, TEXTS)
    pooled = loaded.model.encoder(batch).pooled
    lacking = set()
    for name in HEADS:
        try:
            stock = classifier_of(loaded.model, name)
        except NotHeldError:
            lacking.add(name)
            continue
        found = stock.eval()(input_ids=batch.ids, attention_mask=batch.mask).logits
        torch.testing.assert_close(found, loaded.model.heads[name](pooled), rtol=0, atol=1e-5)
    assert lacking == refused(architecture, pooling)


@pytest.mark.parametrize("pooling", [p for p in Pooling if p not in (Pooling.MEAN, Pooling.CLS)])
def test_other_poolings_are_refused(tiny_bert: Path, pooling: Pooling):
    loaded = model_with(tiny_bert, {"topic": HeadConfig()}, TaskKind.CLASSIFICATION, pooling)
    with pytest.raises(NotHeldError, match=f"not what the pooling {pooling} gives"):
        classifier_of(loaded.model, "topic")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_taggers_give_the_emissions_of_the_head(backbone_folder: Callable[[str], Path], architecture: str):
    gelu = {"hidden": 9, "activation": "gelu"}
    shapes = {
        "none": {},
        "gelu": gelu,
        "mix": {"layers": "mix"},
        "below": {"layers": 1},
        "below_gelu": {"layers": 2, **gelu},
    }
    configs = {name: HeadConfig.model_validate(shape) for name, shape in shapes.items()}
    loaded = model_with(backbone_folder(architecture), configs, TaskKind.TAGGING, Pooling.MEAN)
    batch = batch_of(loaded, TEXTS)
    encoded = loaded.model.encoder(batch)
    rows = torch.arange(batch.ids.shape[1]).expand_as(batch.ids)
    lacking = set()
    for name in configs:
        try:
            stock = tagger_of(loaded.model, name)
        except NotHeldError:
            lacking.add(name)
            continue
        found = stock.eval()(input_ids=batch.ids, attention_mask=batch.mask).logits
        head = loaded.model.heads[name]
        expected = head(head.reads(encoded), rows)
        torch.testing.assert_close(found[batch.mask == 1], expected[batch.mask == 1], rtol=0, atol=1e-5)
    holds_gelu = architecture in {*EXTENDED, "modernbert", "deberta-v2", "electra"}
    whole = bool(loaded.model.encoder.parts().top) or architecture == "albert"  # groups of layers share weights
    assert lacking == {
        "mix",
        *(() if holds_gelu else ("gelu", "below_gelu")),
        *(("below", "below_gelu") if whole else ()),
    }


@pytest.fixture
def tasks() -> dict[str, TaskInfo]:
    classes = TaskKind.CLASSIFICATION
    found = (
        TaskInfo("topic", classes, ("a", "b", "c"), HeadConfig(), temperature=0.7),
        TaskInfo("only", classes, ("one",), HeadConfig()),
        TaskInfo("tone", classes, ("dry", "loud"), HeadConfig(), True, (0.4, 0.5), 1.8),
        TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder="argmax"), temperature=1.8),
        TaskInfo("chain", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder="crf")),
        TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig()),
    )
    return {task.name: task for task in found}


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_pipelines_answer_as_the_engine_does(
    tmp_path: Path, backbone_folder: Callable[[str], Path], tasks: dict[str, TaskInfo], architecture: str
):
    texts = TEXTS
    if architecture == "modernbert":
        # Words that its tiny tokenizer knows whole, so that blanks tell them.
        texts = [" ".join(word for word in text.lower().split() if word in WORDS) for text in TEXTS]
        tasks = {name: replace(task, head=_narrow(task)) for name, task in tasks.items()}
    checkpoint = saved_model(backbone_folder(architecture), tmp_path / "c", tasks=tasks)
    logging.disable_progress_bar()
    report = export(checkpoint, tmp_path / "out", format="transformers")
    engine = Engine.load(checkpoint, **EXACT)
    for task in ("topic", "only", "tone"):
        run = pipeline("text-classification", str(tmp_path / "out" / task), top_k=None, device="cpu")
        for answer, classes in zip(run(texts, truncation=True), engine.classify(texts), strict=True):
            assert {a["label"]: a["score"] for a in answer} == pytest.approx(classes[task], abs=1e-4)
    run = pipeline("token-classification", str(tmp_path / "out" / "names"), aggregation_strategy="first", device="cpu")
    found = [[(a["start"], a["end"], a["entity_group"]) for a in answer] for answer in run(texts)]
    expected = [[(e["start"], e["end"], e["entity_group"]) for e in tags["names"]] for tags in engine.tag(texts)]
    assert found == expected
    assert sum(map(len, found)) > len(texts)
    notes = "\n".join(report.notes)
    for part in ("transitions of its CRF", "thresholds are not held", "pairs is left out", "truncation=True"):
        assert part in notes


def test_nothing_of_ours_is_run_or_named_as_code(tmp_path: Path, tiny_bert: Path, tasks: dict[str, TaskInfo]):
    checkpoint = saved_model(tiny_bert, tmp_path / "c", tasks=tasks)
    folder = export(checkpoint, tmp_path / "out", format="transformers").folder
    assert not [file for file in folder.rglob("*") if file.suffix in {".py", ".bin", ".pkl", ".pt"}]
    for file in folder.glob("*/config.json"):
        assert "auto_map" not in json.loads(file.read_text())


def test_a_model_without_a_task_that_can_be_held_is_refused(tmp_path: Path, backbone_folder: Callable[[str], Path]):
    only = {"topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig())}
    checkpoint = saved_model(backbone_folder("mpnet"), tmp_path / "c", tasks=only, pooling=Pooling.MEAN)
    with pytest.raises(InputError, match="topic is left out: .* mpnet .* the pooling cls"):
        export(checkpoint, tmp_path / "out", format="transformers")
    assert not (tmp_path / "out").exists()


def test_an_exported_task_comes_back_as_a_task(tmp_path: Path, tiny_bert: Path, tasks: dict[str, TaskInfo]):
    checkpoint = saved_model(tiny_bert, tmp_path / "c", tasks=tasks)
    folder = export(checkpoint, tmp_path / "out", format="transformers").folder
    engine, back = Engine.load(checkpoint, **EXACT), Engine.load(folder / "topic", **EXACT)
    assert list(back.tasks) == ["topic"]
    expected = [list(one["topic"].values()) for one in engine.classify(TEXTS)]
    found = [list(one["topic"].values()) for one in back.classify(TEXTS)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def _narrow(task: TaskInfo) -> HeadConfig:
    """ModernBERT's own head has room for one unit less."""
    return HeadConfig(hidden=15) if task.kind is TaskKind.CLASSIFICATION else task.head
