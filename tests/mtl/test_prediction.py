"""Forward passes over many texts."""

from pathlib import Path

import pytest
import torch

from mtl.encoder import load_backbone
from mtl.model import MultiTaskModel
from mtl.prediction import forward

TEXTS = ["the doctor", "", "a very old hotel in rome", "anna " * 30, "hi", "met tom"]


@pytest.mark.parametrize("batch_tokens", [1, 20, 64, 4096])
def test_every_text_comes_once_whatever_the_batch(tiny_bert: Path, batch_tokens: int):
    backbone = load_backbone(str(tiny_bert))
    model = MultiTaskModel(backbone.encoder, {})
    batches = list(forward(model, backbone.tokenizer, backbone.tokenizer(TEXTS), batch_tokens=batch_tokens))
    assert sorted(row for batch in batches for row in batch.rows) == list(range(len(TEXTS)))
    for batch in batches:
        assert batch.tokens.ids.numel() <= batch_tokens or len(batch.rows) == 1
        for i, row in enumerate(batch.rows):
            alone = model.encoder(backbone.tokenizer.pad(backbone.tokenizer([TEXTS[row]]))).pooled[0]
            torch.testing.assert_close(batch.encoded.pooled[i], alone.detach(), rtol=0, atol=1e-5)


def test_no_texts_give_no_batches(tiny_bert: Path):
    backbone = load_backbone(str(tiny_bert))
    assert list(forward(MultiTaskModel(backbone.encoder, {}), backbone.tokenizer, [])) == []


def test_a_pass_keeps_no_gradients(tiny_bert: Path):
    backbone = load_backbone(str(tiny_bert))
    (batch,) = forward(MultiTaskModel(backbone.encoder, {}), backbone.tokenizer, backbone.tokenizer(["hi"]))
    assert not batch.encoded.hidden.requires_grad
