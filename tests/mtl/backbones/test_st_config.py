"""What a sentence-transformers model says of itself is honoured; its own library is the reference."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, LayerNorm, Normalize, Pooling, Transformer
from torch import nn

from mtl.backbones.st_config import SentenceConfig, read_sentence_config
from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from mtl.inference import Engine
from mtl.recipe.schema import Pooling as Ours
from tests.mtl.encoder.batches import batch_of
from tests.tiny import EXACT, HIDDEN, MAX_TOKENS

TEXTS = ["Anna visited the old hotel.", "hi", "", "the doctor " * 20, "  not very good! 🙂"]
LEGACY_KEYS = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
MODES = {
    "mean": Ours.MEAN,
    "cls": Ours.CLS,
    "max": Ours.MAX,
    "mean_sqrt_len_tokens": Ours.MEAN_SQRT_LEN,
    "weightedmean": Ours.WEIGHTED_MEAN,
    "lasttoken": Ours.LAST_TOKEN,
}


def saved(folder: Path, *modules: object) -> SentenceTransformer:
    model = SentenceTransformer(modules=list(modules), device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
    return model


def engine_equals(folder: Path, model: SentenceTransformer) -> None:
    found, expected = Engine.load(folder, **EXACT).encode(TEXTS), model.encode(TEXTS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_models_own_pooling_is_honoured(tmp_path: Path, tiny_bert: Path, mode: str):
    model = saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN, pooling_mode=mode))
    assert load_backbone(str(tmp_path / "m")).encoder.pooling is MODES[mode]
    engine_equals(tmp_path / "m", model)


@pytest.mark.parametrize("mode", MODES)
def test_the_older_way_to_name_a_pooling_is_read(tmp_path: Path, tiny_bert: Path, mode: str):
    saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN, pooling_mode=mode))
    legacy = {"word_embedding_dimension": HIDDEN, **{key: name == mode for name, key in LEGACY_KEYS.items()}}
    (tmp_path / "m" / "1_Pooling" / "config.json").write_text(json.dumps(legacy))
    assert read_sentence_config(tmp_path / "m").pooling is MODES[mode]
    assert SentenceTransformer(str(tmp_path / "m"), device="cpu")[1].pooling_mode == mode


def test_a_models_normalisation_is_honoured(tmp_path: Path, tiny_bert: Path):
    model = saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN), Normalize())
    engine_equals(tmp_path / "m", model)
    np.testing.assert_allclose(np.linalg.norm(Engine.load(tmp_path / "m", **EXACT).encode(TEXTS), axis=1), 1, atol=1e-6)


def test_a_models_maximum_length_is_honoured(tmp_path: Path, tiny_bert: Path):
    model = saved(tmp_path / "m", Transformer(str(tiny_bert), max_seq_length=9), Pooling(HIDDEN))
    assert Engine.load(tmp_path / "m", **EXACT).max_length == 9
    engine_equals(tmp_path / "m", model)


def test_lower_casing_is_honoured(tmp_path: Path, backbone_folder: Callable[[str], Path]):
    saved(tmp_path / "m", Transformer(str(backbone_folder("roberta"))), Pooling(HIDDEN))
    config = tmp_path / "m" / "sentence_bert_config.json"
    config.write_text(json.dumps({"max_seq_length": 20, "do_lower_case": True}))
    assert load_backbone(str(tmp_path / "m")).tokenizer.config.lower_case
    engine_equals(tmp_path / "m", SentenceTransformer(str(tmp_path / "m"), device="cpu"))


@pytest.mark.parametrize("architecture", ["roberta", "modernbert", "xlm-roberta", "mpnet", "deberta-v2", "distilbert"])
def test_other_architectures_embed_as_their_own_library_does(
    tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str
):
    model = saved(tmp_path / "m", Transformer(str(backbone_folder(architecture))), Pooling(HIDDEN), Normalize())
    engine_equals(tmp_path / "m", model)


def test_a_plain_transformer_says_nothing(tiny_bert: Path):
    assert read_sentence_config(tiny_bert) == SentenceConfig()
    backbone = load_backbone(str(tiny_bert))
    assert (backbone.encoder.pooling, backbone.encoder.normalize) == (Ours.MEAN, False)
    assert backbone.tokenizer.max_length == MAX_TOKENS


def test_joined_poolings_are_refused(tmp_path: Path, tiny_bert: Path):
    saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN, pooling_mode=("mean", "max")))
    with pytest.raises(BackboneError, match="one pooling was expected, it joins mean, max"):
        load_backbone(str(tmp_path / "m"))


@pytest.mark.parametrize(
    "dense",
    [
        [Dense(HIDDEN, 4)],
        [Dense(HIDDEN, 24, activation_function=nn.GELU()), Dense(24, 5, bias=False, activation_function=nn.Identity())],
        [Dense(HIDDEN, HIDDEN, activation_function=nn.ReLU()), Normalize()],
        [Dense(HIDDEN, 3, activation_function=nn.Sigmoid()), Normalize()],
    ],
)
def test_dense_modules_are_honoured(tmp_path: Path, tiny_bert: Path, dense: list[nn.Module]):
    model = saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN), *dense)
    engine_equals(tmp_path / "m", model)
    assert Engine.load(tmp_path / "m", **EXACT).dimension == model.get_embedding_dimension()
    backbone = load_backbone(str(tmp_path / "m"))
    with torch.no_grad():
        found = backbone.encoder(batch_of(backbone, TEXTS)).embedding
    np.testing.assert_allclose(found, model.encode(TEXTS), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("modules", "complaint"),
    [
        ([Normalize(), Dense(HIDDEN, 4)], "then any Dense, then Normalize were expected, was Dense"),
        ([Dense(HIDDEN, 4, use_residual=True)], "from embedding to embedding was expected, it has use_residual"),
        ([Dense(HIDDEN, 4, module_output_name="x")], "from embedding to embedding was expected, it has x"),
        ([Dense(HIDDEN, 4, activation_function=nn.SELU())], "Sigmoid was expected, was SELU"),
        ([LayerNorm(HIDDEN)], "then any Dense, then Normalize were expected, was LayerNorm"),
    ],
)
def test_modules_that_cannot_be_run_are_refused(
    tmp_path: Path, tiny_bert: Path, modules: list[nn.Module], complaint: str
):
    saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN), *modules)
    with pytest.raises(BackboneError, match=complaint):
        load_backbone(str(tmp_path / "m"))


@pytest.mark.parametrize("content", ["{", '[{"path": "1_Pooling"}]', '{"a": 1}'])
def test_a_damaged_list_of_modules_is_refused(tmp_path: Path, tiny_bert: Path, content: str):
    saved(tmp_path / "m", Transformer(str(tiny_bert)), Pooling(HIDDEN))
    (tmp_path / "m" / "modules.json").write_text(content)
    with pytest.raises(BackboneError):
        load_backbone(str(tmp_path / "m"))
