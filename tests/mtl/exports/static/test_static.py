"""A distilled static embedding in the libraries that it is for, with heads that learned from data or from the model."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer
from sklearn.metrics import f1_score
from tokenizers import Tokenizer

import mtl
from mtl.checkpoint import store
from mtl.checkpoint.sample import read_sample
from mtl.errors import InputError
from mtl.exports import export
from mtl.exports.static import StaticEngine
from mtl.exports.static.distilling import Vocabulary, token_vectors
from mtl.model import TaskInfo
from mtl.recipe import HeadConfig, TaskKind, dump, parse
from mtl.recipe.sections import BudgetConfig
from tests.mtl.exports.models import saved_model
from tests.mtl.inference.engines import TEXTS
from tests.mtl.recipes import write_easy_data, write_easy_labels

GIVEN = [text for text in TEXTS.values() if text.strip()]


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "t5"])
def test_three_libraries_give_the_normalised_mean_of_the_vectors_of_tokens(
    tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str
):
    checkpoint = saved_model(backbone_folder(architecture), tmp_path / "checkpoint")
    folder = export(checkpoint, tmp_path / "out", format="static").folder
    model = StaticModel.from_pretrained(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    expected = []
    for text in GIVEN:
        total = sum(model.embedding[i] for i in tokenizer.encode(text, add_special_tokens=False).ids)
        expected.append(total / max(np.linalg.norm(total), 1e-12))
    for found in (
        model.encode(GIVEN),
        StaticEngine.load(folder).encode(GIVEN),
        SentenceTransformer(str(folder), device="cpu").encode(GIVEN),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_vectors_are_turned_to_their_principal_components_and_frequent_tokens_are_shorter():
    pooled = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    ids = np.arange(3, 43)
    vectors = token_vectors(Vocabulary(ids, pooled, {}), 50)
    shares = np.array([1 / (2 + rank) for rank in range(40)])
    turned = vectors[ids] / (1e-4 / (1e-4 + shares / shares.sum()))[:, None]
    centred = pooled - pooled.mean(axis=0)
    np.testing.assert_allclose(turned @ turned.T, centred @ centred.T, rtol=0, atol=1e-3)
    covariance = np.cov(turned.T)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), rtol=0, atol=1e-3)
    assert not vectors[[0, 1, 2, *range(43, 50)]].any()


def test_heads_learn_from_the_training_data_of_the_run(tmp_path: Path, tiny_bert: Path):
    topic, about = write_easy_data(tmp_path)["topic"], write_easy_labels(tmp_path)
    recipe = parse({"backbone": str(tiny_bert), "tasks": {"topic": topic, "about": about}}, folder=tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(dump(recipe))
    tasks = {
        "topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("money", "sport", "trip"), HeadConfig()),
        "about": TaskInfo("about", TaskKind.CLASSIFICATION, ("art", "money", "sport", "trip"), HeadConfig(), True),
    }
    checkpoint = saved_model(tiny_bert, tmp_path / "run" / "best", tasks=tasks)
    report = export(checkpoint, tmp_path / "out", format="static")
    assert not any("without the training data" in note for note in report.notes)
    found = StaticEngine.load(report.folder).classify(["the old team", "a new bank", "very good hotel and concert"])
    assert [max(one["topic"], key=one["topic"].get) for one in found] == ["sport", "money", "trip"]
    assert all(sum(one["topic"].values()) == pytest.approx(1) for one in found)
    assert min(found[2]["about"][label] for label in ("art", "trip")) > found[2]["about"]["money"]


def test_without_the_data_heads_learn_from_the_model_and_the_report_says_what_is_lost(tmp_path: Path, tiny_bert: Path):
    checkpoint = saved_model(tiny_bert, tmp_path / "checkpoint")
    report = export(checkpoint, tmp_path / "out", format="static")
    assert any("without the training data" in note and "topic, mood, tone" in note for note in report.notes)
    assert any("no entities (names)" in note for note in report.notes)
    (found,) = StaticEngine.load(report.folder).classify(["the old team"])
    assert {name: set(labels) for name, labels in found.items()} == {
        "topic": set("abc"),
        "mood": {"bad", "good"},
        "tone": {"dry", "loud", "warm"},
    }


def test_the_figure_of_a_task_with_thresholds_is_that_of_the_labels_above_a_half(tmp_path: Path, tiny_bert: Path):
    topic, about = write_easy_data(tmp_path)["topic"], write_easy_labels(tmp_path)
    recipe = parse({"backbone": str(tiny_bert), "tasks": {"topic": topic, "about": about}}, folder=tmp_path)
    list(mtl.train(recipe.model_copy(update={"budget": BudgetConfig(epochs=1)}), folder=tmp_path / "run"))
    checkpoint = tmp_path / "run" / "best"
    loaded = store.load(checkpoint)
    assert loaded.model.tasks["about"].thresholds
    report = export(checkpoint, tmp_path / "out", format="static")
    assert any("about: the thresholds of its labels are not held" in note for note in report.notes)
    told = next(note for note in report.notes if note.startswith("about, micro_f1"))
    sample = read_sample(checkpoint, loaded.model.tasks)["about"]
    probabilities = StaticEngine.load(report.folder).classify([one.text for one in sample])
    gold = [[label in one.labels for label in loaded.model.tasks["about"].labels] for one in sample]
    found = [[p >= 0.5 for p in one["about"].values()] for one in probabilities]
    assert told.endswith(f"→ {f1_score(gold, found, average='micro'):.3f}")


def test_another_folder_and_a_missing_library_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="a static export was expected"):
        StaticEngine.load(tmp_path)
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(InputError, match=r"polyhead\[static\]"):
        StaticEngine.load(tmp_path)
