"""Cached activations: computed once, read ever after, and never those of another model, text, cut or pooling."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.cache import ActivationKind, RaggedStore
from mtl.encoder import ActivationCache, LoadedBackbone, load_backbone, token_batch
from mtl.errors import BackboneError
from mtl.recipe.choices import Pooling, Precision
from mtl.text import SplitWords
from mtl.text.tokenized import TokenizedTexts
from tests.tiny import HIDDEN, LAYERS

TEXTS = ("anna met tom", "", "the old doctor won a very great election", "hi", "river " * 100)
KINDS = pytest.mark.parametrize("kind", ActivationKind)


@pytest.fixture
def backbone(tiny_bert: Path) -> LoadedBackbone:
    return load_backbone(str(tiny_bert))


@pytest.fixture
def store(tmp_path: Path) -> RaggedStore:
    return RaggedStore(tmp_path / "cache", 10**8)


def tokenized(backbone: LoadedBackbone, texts: tuple[str, ...] = TEXTS) -> TokenizedTexts:
    return backbone.tokenizer.store(texts, SplitWords(texts))


def cache_of(backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind, *, below: int = 2) -> ActivationCache:
    below = LAYERS if kind is ActivationKind.POOLED else below
    if kind is ActivationKind.LAYER:
        backbone.encoder.cut(below)
    return ActivationCache(backbone.encoder, store, kind, below)


def entries(store: RaggedStore) -> int:
    return len(list(store.folder.iterdir())) if store.folder.exists() else 0


def count_passes(backbone: LoadedBackbone) -> list[int]:
    passes: list[int] = []
    backbone.encoder.parts().bottom[0].register_forward_hook(lambda *_: passes.append(1))
    return passes


@torch.no_grad()
def assert_as_a_pass(backbone: LoadedBackbone, cache: ActivationCache, texts: TokenizedTexts) -> None:
    """What heads read is the same from the cache as from the model of transformers, window by window."""
    found = cache(texts)
    assert found is not None
    assert found.rows.values.dtype == np.float16
    for row in range(len(texts.lengths)):
        batch = texts.batch([row])
        direct = backbone.encoder(token_batch(batch))
        read = backbone.encoder(token_batch(batch, found))
        close = {"rtol": 2**-8, "atol": 5e-3}
        torch.testing.assert_close(read.pooled, direct.pooled, **close)
        tokens = batch.first_tokens[0, : batch.word_counts[0]]
        words = read.hidden[0] if cache.kind is ActivationKind.POOLED else read.hidden[0, tokens]
        torch.testing.assert_close(words, direct.hidden[0, tokens], **close)


@KINDS
@pytest.mark.parametrize("architecture", ["bert", "modernbert", "deberta-v2", "mpnet"])
def test_heads_read_the_same_from_the_cache_as_from_a_pass(
    backbone_folder: Callable[[str], Path], store: RaggedStore, architecture: str, kind: ActivationKind
):
    backbone = load_backbone(str(backbone_folder(architecture)))
    assert_as_a_pass(backbone, cache_of(backbone, store, kind), tokenized(backbone))


@pytest.mark.parametrize("below", range(1, LAYERS + 1))
def test_every_cut_gives_what_a_pass_gives(backbone: LoadedBackbone, store: RaggedStore, below: int):
    assert_as_a_pass(backbone, cache_of(backbone, store, ActivationKind.LAYER, below=below), tokenized(backbone))


@torch.no_grad()
def test_a_head_that_mixes_layers_reads_all_of_them(backbone: LoadedBackbone, store: RaggedStore):
    backbone.encoder.gives_layers = True
    texts = tokenized(backbone)
    found = cache_of(backbone, store, ActivationKind.POOLED)(texts)
    batch = texts.batch([2])
    direct, read = backbone.encoder(token_batch(batch)), backbone.encoder(token_batch(batch, found))
    assert read.layers.shape[2:] == (LAYERS + 1, HIDDEN)
    torch.testing.assert_close(read.layers[0], direct.layers[0, batch.first_tokens[0]], rtol=2**-8, atol=5e-3)


@KINDS
def test_a_second_call_and_another_load_run_no_pass(
    tiny_bert: Path, backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind
):
    first = cache_of(backbone, store, kind)(tokenized(backbone))
    again = load_backbone(str(tiny_bert))
    cache = cache_of(again, store, kind)
    passes = count_passes(again)
    found = cache(tokenized(again))
    assert passes == []
    assert np.array_equal(found.rows.values, first.rows.values)


@KINDS
@pytest.mark.parametrize("place", ["embeddings.word_embeddings", "encoder.layer.0.output.dense", "encoder.layer.1"])
def test_other_weights_below_are_another_entry(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind, place: str
):
    cache_of(backbone, store, kind)(tokenized(backbone))
    with torch.no_grad():
        next(backbone.encoder.model.get_submodule(place).parameters()).view(-1)[-1] += 0.5
    assert_as_a_pass(backbone, cache_of(backbone, store, kind), tokenized(backbone))
    assert entries(store) == 2


def test_weights_above_the_cut_and_words_change_nothing(backbone: LoadedBackbone, store: RaggedStore):
    cache = cache_of(backbone, store, ActivationKind.LAYER)
    cache(tokenized(backbone, TEXTS[:-1]))  # a long text with words has further windows
    with torch.no_grad():
        next(backbone.encoder.parts().layers[2].parameters()).mul_(2)
    passes = count_passes(backbone)
    cache(backbone.tokenizer.store(TEXTS[:-1]))
    assert passes == []


@KINDS
@pytest.mark.parametrize(
    "texts",
    [TEXTS[:-1], (*TEXTS, "hi"), ("anna met tim", *TEXTS[1:]), (TEXTS[1], TEXTS[0], *TEXTS[2:]), ("anna", *TEXTS[1:])],
)
def test_other_texts_are_another_entry(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind, texts: tuple[str, ...]
):
    cache = cache_of(backbone, store, kind)
    cache(tokenized(backbone))
    assert_as_a_pass(backbone, cache, tokenized(backbone, texts))
    assert entries(store) == 2


def other_pooling(cache: ActivationCache, _texts: TokenizedTexts) -> ActivationCache:
    cache.encoder.pooling = Pooling.MAX
    return cache


def all_layers(cache: ActivationCache, _texts: TokenizedTexts) -> ActivationCache:
    cache.encoder.gives_layers = True
    return cache


CHANGES = [
    other_pooling,
    all_layers,
    lambda cache, _: replace(cache, precision=Precision.BF16),
    lambda cache, _: replace(cache, exact=True),
]


@pytest.mark.parametrize("change", CHANGES, ids=["pooling", "layers", "precision", "exact"])
def test_what_pooled_activations_depend_on_makes_another_entry(
    backbone: LoadedBackbone, store: RaggedStore, change: Callable[[ActivationCache, TokenizedTexts], ActivationCache]
):
    texts, cache = tokenized(backbone), cache_of(backbone, store, ActivationKind.POOLED)
    cache(texts)
    change(cache, texts)(texts)
    assert entries(store) == 2


@KINDS
def test_exact_activations_are_those_of_a_pass_in_float32(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind
):
    texts, cache = tokenized(backbone), replace(cache_of(backbone, store, kind), exact=True)
    found = cache(texts)
    assert found.rows.values.dtype == np.float32
    np.testing.assert_array_equal(found.rows.values, cache.in_memory(texts).rows.values)
    assert cache.bytes_of(texts) == found.rows.values.nbytes


@KINDS
def test_values_too_large_for_float16_are_kept_in_float32(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind
):
    with torch.no_grad():
        for layer in backbone.encoder.parts().layers:
            layer.output.LayerNorm.weight.mul_(1e6)
    found = cache_of(backbone, store, kind)(tokenized(backbone))
    assert found.rows.values.dtype == np.float32
    assert np.isfinite(found.rows.values).all()
    assert np.abs(found.rows.values).max() > np.finfo(np.float16).max


@KINDS
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_not_finite_are_refused(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind, value: float
):
    cache = cache_of(backbone, store, kind)
    with torch.no_grad():
        backbone.encoder.parts().layers[0].output.LayerNorm.bias.fill_(value)
    with pytest.raises(BackboneError, match="finite activations were expected"):
        cache(tokenized(backbone))


@KINDS
def test_without_room_there_are_none(backbone: LoadedBackbone, tmp_path: Path, kind: ActivationKind):
    assert cache_of(backbone, RaggedStore(tmp_path / "cache", 100), kind)(tokenized(backbone)) is None


@KINDS
def test_a_damaged_entry_is_computed_anew(backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind):
    cache = cache_of(backbone, store, kind)
    cache(tokenized(backbone))
    for file in store.folder.rglob("values.*"):
        file.write_bytes(file.read_bytes()[:-7])
    assert_as_a_pass(backbone, cache, tokenized(backbone))


@KINDS
def test_some_windows_in_memory_are_those_of_all_and_leave_nothing_on_disk(
    backbone: LoadedBackbone, store: RaggedStore, kind: ActivationKind
):
    texts, cache = tokenized(backbone), cache_of(backbone, store, kind)
    every, some = cache.in_memory(texts), cache.in_memory(texts, np.array([0, 2]))
    for row in (0, 2):
        np.testing.assert_allclose(some.rows.row(row), every.rows.row(row), atol=1e-5)
    assert not store.folder.exists()
