"""The catalogue against transformers: every architecture is read here, and its numbers are those of the model."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers

from mtl.backbones.catalogue import CATALOGUE, Domain, ModelType, Shape, find_entry
from mtl.backbones.catalogue.entry import CatalogueEntry
from mtl.encoder import load_backbone
from mtl.recipe import DEFAULT_BACKBONE
from tests.mtl.backbones.catalogue.configs import config_of
from tests.mtl.encoder.batches import batch_of
from tests.tiny import MAX_TOKENS, save_tokenizer, wordpiece

_SHAPES = {entry.shape: entry.name for entry in CATALOGUE}
_SPECIALS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")


def _encoder_parameters(shape):
    """Of the bare model without its pooler, as `load_backbone` drops it; no memory is taken for them."""
    with torch.device("meta"):
        model = transformers.AutoModel.from_config(config_of(shape))
    return sum(weight.numel() for name, weight in model.named_parameters() if not name.startswith("pooler."))


@pytest.mark.parametrize("shape", _SHAPES, ids=list(_SHAPES.values()))
def test_the_parameters_are_those_of_the_model_without_pooler_and_heads(shape):
    assert shape.parameters == _encoder_parameters(shape)


@pytest.mark.parametrize("kind", list(ModelType))
def test_every_architecture_of_the_catalogue_is_read(kind, tmp_path: Path):
    shape = next(entry.shape for entry in CATALOGUE if entry.shape.type is kind)
    tokenizer = wordpiece(specials=_SPECIALS)
    tiny = dataclasses.replace(
        shape, layers=2, hidden=16, intermediate=32, heads=2, vocabulary=tokenizer.get_vocab_size()
    )
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config_of(tiny)).save_pretrained(tmp_path)
    save_tokenizer(tokenizer, tmp_path, _SPECIALS)
    backbone = load_backbone(str(tmp_path), max_length=MAX_TOKENS)
    with torch.inference_mode():
        embedding = backbone.encoder(batch_of(backbone, ["anna met tom"])).embedding
    parts = backbone.encoder.parts()
    assert embedding.shape == (1, 16)
    assert len(parts.layers) == 2
    assert sum(weight.numel() for weight in backbone.encoder.model.parameters()) == tiny.parameters


def test_the_sum_of_embeddings_and_layers_is_the_whole():
    for entry in CATALOGUE:
        shape = entry.shape
        assert shape.embedding_parameters + shape.layers * shape.layer_parameters == entry.parameters


@pytest.mark.parametrize("kind", list(ModelType))
def test_a_pass_costs_more_with_every_size(kind):
    base = next(entry.shape for entry in CATALOGUE if entry.shape.type is kind)
    for name in ("layers", "hidden", "intermediate"):
        larger = dataclasses.replace(base, **{name: 2 * getattr(base, name)})
        assert larger.multiplications(128) > base.multiplications(128)
        assert larger.parameters > base.parameters


def test_costs_are_relative_to_the_default():
    default = find_entry(DEFAULT_BACKBONE)
    assert default is not None
    assert [default.cost(length) for length in (1, 128, 512)] == [1.0, 1.0, 1.0]
    base = find_entry("google-bert/bert-base-cased")
    assert base is not None
    # 12 layers of 768 units against 6 of 384: eight times the matrices, four times the attention
    assert 4 < base.cost(4096) < base.cost(128) < base.cost(1) < 8


def test_every_domain_has_an_encoder_and_no_name_comes_twice():
    assert {entry.domain for entry in CATALOGUE} == set(Domain)
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE) >= 25
    assert all(find_entry(entry.name) is entry for entry in CATALOGUE)
    assert find_entry("owner/unknown") is None


def test_the_packaged_backbone_is_as_the_catalogue_says():
    entry = find_entry(DEFAULT_BACKBONE)
    assert entry is not None
    loaded = load_backbone(DEFAULT_BACKBONE)
    assert sum(weight.numel() for weight in loaded.encoder.model.parameters()) == entry.parameters
    assert loaded.encoder.pooling is entry.pooling
    assert loaded.tokenizer.config.max_length == entry.max_length


@pytest.mark.parametrize("changed", [{"layers": 0}, {"heads": 5}, {"types": -1}])
def test_sizes_that_make_no_model_are_refused(changed):
    sizes = {"layers": 2, "hidden": 16, "intermediate": 32, "heads": 2, "vocabulary": 9} | changed
    with pytest.raises(ValueError, match="expected"):
        Shape(ModelType.BERT, **sizes)


@pytest.mark.parametrize("changed", [{"name": "bert"}, {"licence": ""}, {"max_length": 9_000}])
def test_an_entry_without_its_facts_is_refused(changed):
    entry = find_entry("google-bert/bert-base-cased")
    assert isinstance(entry, CatalogueEntry)
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(entry, **changed)


def test_the_catalogue_is_read_without_torch():
    code = (
        "import sys, mtl.backbones.catalogue as c; c.recommend(c.summarise(['a'])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
