"""What is exported for sentence-transformers embeds there as here, and comes back whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

from mtl.exports import export
from mtl.inference import Engine
from mtl.recipe.choices import Pooling as Ours
from tests.mtl.exports.models import saved_model
from tests.mtl.inference.engines import TEXTS
from tests.tiny import EXACT, HIDDEN

GIVEN = [*TEXTS.values(), "a [CLS] in a text </s>"]
FORMAT = "sentence-transformers"


def embeds_equally(checkpoint: Path, folder: Path) -> None:
    found = SentenceTransformer(str(folder), device="cpu").encode(GIVEN)
    np.testing.assert_allclose(found, Engine.load(checkpoint, **EXACT).encode(GIVEN), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "architecture",
    ["distilbert", "roberta", "modernbert", "deberta-v2", "mpnet", "xlm-roberta", "t5", "albert"],
)
def test_every_architecture_embeds_equally_there(
    tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str
):
    checkpoint = saved_model(backbone_folder(architecture), tmp_path / "checkpoint")
    export(checkpoint, tmp_path / "out", format=FORMAT)
    embeds_equally(checkpoint, tmp_path / "out")


@pytest.mark.parametrize("pooling", Ours)
def test_every_pooling_and_a_shorter_maximum_go_along(tmp_path: Path, tiny_bert: Path, pooling: Ours):
    checkpoint = saved_model(tiny_bert, tmp_path / "checkpoint", pooling=pooling, max_length=20)
    export(checkpoint, tmp_path / "out", format=FORMAT)
    embeds_equally(checkpoint, tmp_path / "out")


def test_adapters_are_merged(tmp_path: Path, tiny_bert: Path):
    checkpoint = saved_model(tiny_bert, tmp_path / "checkpoint", rank=2)
    export(checkpoint, tmp_path / "out", format=FORMAT)
    embeds_equally(checkpoint, tmp_path / "out")


def test_dense_modules_and_the_normalisation_go_along(tmp_path: Path, tiny_bert: Path):
    modules = [Transformer(str(tiny_bert)), Pooling(HIDDEN), Dense(HIDDEN, 8), Dense(8, 5), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(tmp_path / "m"), create_model_card=False)
    checkpoint = saved_model(tmp_path / "m", tmp_path / "checkpoint")
    export(checkpoint, tmp_path / "out", format=FORMAT)
    embeds_equally(checkpoint, tmp_path / "out")


@pytest.mark.parametrize("moved", [False, True])
def test_the_folder_loads_back_whole_wherever_it_is(
    tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
):
    checkpoint = saved_model(tiny_bert, tmp_path / "checkpoint")
    expected = Engine.load(checkpoint, **EXACT).analyze(GIVEN)
    folder = export(checkpoint, tmp_path / "out", format=FORMAT).folder
    if moved:
        folder = folder.rename(tmp_path / "elsewhere")
        monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    for one, other in zip(Engine.load(folder, **EXACT).analyze(GIVEN), expected, strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, rtol=0, atol=1e-5)
        assert (one.labels, one.entities.keys()) == (other.labels, other.entities.keys())
        for task, found in one.entities.items():
            assert [(e["start"], e["end"]) for e in found] == [(e["start"], e["end"]) for e in other.entities[task]]
        for task, classes in one.classes.items():
            assert classes == pytest.approx(other.classes[task], abs=1e-5)
