"""Summaries of a frozen backbone: what heads read, computed once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.cache import RaggedStore
from mtl.encoder import LoadedBackbone, TokenizedText, load_backbone
from mtl.encoder.summaries import FrozenSummaries
from mtl.recipe.choices import Pooling, Precision
from mtl.text import split_words
from tests.tiny import HIDDEN, LAYERS

TEXTS = ("anna met tom", "", "the old doctor won a very great election", "hi", "river " * 100)


@pytest.fixture(params=["bert", "modernbert"])
def backbone(request: pytest.FixtureRequest, backbone_folder) -> LoadedBackbone:
    return load_backbone(str(backbone_folder(request.param)))


@pytest.fixture
def store(tmp_path: Path) -> RaggedStore:
    return RaggedStore(tmp_path / "cache", 10**8)


def worded(backbone: LoadedBackbone) -> list[TokenizedText]:
    return [t.with_words(split_words(text)) for t, text in zip(backbone.tokenizer(TEXTS), TEXTS, strict=True)]


def summaries(backbone: LoadedBackbone, store: RaggedStore) -> FrozenSummaries:
    return FrozenSummaries(backbone.encoder, backbone.tokenizer, store)


@pytest.mark.parametrize("mixed", [False, True], ids=["last layer", "all layers"])
@torch.no_grad()
def test_heads_read_the_same_from_a_summary_as_from_a_pass(backbone: LoadedBackbone, store: RaggedStore, mixed: bool):
    backbone.encoder.gives_layers = mixed
    texts = worded(backbone)
    tokenizer, encoder = backbone.tokenizer, backbone.encoder
    for text in summaries(backbone, store)(texts):
        direct, kept = tokenizer.pad([replace(text, summary=None)]), tokenizer.pad([text])
        passed, read = encoder(direct), encoder(kept)
        assert torch.equal(direct.word_mask, kept.word_mask)
        close = {"rtol": 2**-10, "atol": 1e-3}
        torch.testing.assert_close(read.pooled, passed.pooled, **close)
        torch.testing.assert_close(read.embedding, passed.embedding, **close)
        mask = direct.word_mask[0]
        words = passed.hidden[0, direct.first_tokens[0]]
        torch.testing.assert_close(read.hidden[0, kept.first_tokens[0]][mask], words[mask], **close)
        if mixed:
            layers = passed.layers[0, direct.first_tokens[0]]
            assert layers.shape[1:] == (LAYERS + 1, HIDDEN)
            torch.testing.assert_close(read.layers[0, kept.first_tokens[0]][mask], layers[mask], **close)


def test_a_summary_has_a_row_for_the_pooled_vector_and_one_a_word(backbone: LoadedBackbone, store: RaggedStore):
    texts = worded(backbone)
    found = summaries(backbone, store)(texts)
    assert [t.summary.shape for t in found] == [(1 + len(t.first_tokens), HIDDEN) for t in texts]
    assert summaries(backbone, store).bytes_of(texts) == sum(t.summary.nbytes for t in found)


def test_they_are_computed_once(backbone: LoadedBackbone, store: RaggedStore):
    first = summaries(backbone, store)(worded(backbone))
    calls = []
    backbone.encoder.register_forward_hook(lambda *_: calls.append(1))
    again = summaries(backbone, store)(worded(backbone))
    assert calls == []
    assert all(np.array_equal(a.summary, b.summary) for a, b in zip(first, again, strict=True))


def changed_words(backbone: LoadedBackbone) -> list[TokenizedText]:
    return [replace(text, first_tokens=text.first_tokens[:1]) for text in worded(backbone)]


def changed_pooling(backbone: LoadedBackbone) -> list[TokenizedText]:
    backbone.encoder.pooling = Pooling.MAX
    return worded(backbone)


def changed_weights(backbone: LoadedBackbone) -> list[TokenizedText]:
    next(iter(backbone.encoder.parts().layers[-1].parameters())).data.add_(0.1)
    return worded(backbone)


def changed_layers(backbone: LoadedBackbone) -> list[TokenizedText]:
    backbone.encoder.gives_layers = True
    return worded(backbone)


@pytest.mark.parametrize("change", [changed_words, changed_pooling, changed_weights, changed_layers])
def test_what_they_depend_on_makes_another_entry(backbone: LoadedBackbone, store: RaggedStore, change):
    summaries(backbone, store)(worded(backbone))
    summaries(backbone, store)(change(backbone))
    assert len(list(store.folder.iterdir())) == 2


def test_another_precision_makes_another_entry(backbone: LoadedBackbone, store: RaggedStore):
    for precision in Precision:
        replace(summaries(backbone, store), precision=precision)(worded(backbone))
    assert len(list(store.folder.iterdir())) == 2


def test_without_room_there_are_none(backbone: LoadedBackbone, tmp_path: Path):
    found = summaries(backbone, RaggedStore(tmp_path / "cache", 10))(worded(backbone))
    assert [text.summary for text in found] == [None] * len(TEXTS)
