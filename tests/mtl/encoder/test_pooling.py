"""The six poolings against sentence-transformers."""

import pytest
import torch
from sentence_transformers.sentence_transformer.modules import Pooling as ReferencePooling
from torch import Tensor

from mtl.encoder.pooling import pool
from mtl.recipe import Pooling

NAMES = {
    Pooling.MEAN: "mean",
    Pooling.CLS: "cls",
    Pooling.MAX: "max",
    Pooling.MEAN_SQRT_LEN: "mean_sqrt_len_tokens",
    Pooling.WEIGHTED_MEAN: "weightedmean",
    Pooling.LAST_TOKEN: "lasttoken",
}
LENGTHS = torch.tensor([1, 2, 5, 7])
T, H = 7, 8


def batch(side: str) -> tuple[Tensor, Tensor]:
    """Hidden states `(4, T, H)`, large where there is only padding, and their mask."""
    hidden = torch.randn(len(LENGTHS), T, H, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(T) < LENGTHS.unsqueeze(1)).long()
    mask = mask.flip(1) if side == "left" else mask
    return hidden.masked_fill(mask.unsqueeze(-1) == 0, 50.0), mask


def reference(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    module = ReferencePooling(hidden.shape[-1], pooling_mode=NAMES[pooling])
    return module({"token_embeddings": hidden, "attention_mask": mask})["sentence_embedding"]


SIDES = pytest.mark.parametrize("side", ["left", "right"])
POOLINGS = pytest.mark.parametrize("pooling", list(Pooling))


@SIDES
@POOLINGS
def test_a_pooling_equals_that_of_sentence_transformers(pooling: Pooling, side: str):
    hidden, mask = batch(side)
    torch.testing.assert_close(pool(hidden, mask, pooling), reference(hidden, mask, pooling), rtol=1e-6, atol=1e-6)


@SIDES
@POOLINGS
def test_a_pooling_of_bfloat16_states_is_that_of_the_same_values_in_float32(pooling: Pooling, side: str):
    hidden, mask = batch(side)
    rounded = hidden.bfloat16()
    pooled = pool(rounded, mask, pooling)
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled, reference(rounded.float(), mask, pooling), rtol=1e-6, atol=1e-6)


@SIDES
@POOLINGS
def test_a_pooling_of_bfloat16_states_rounds_to_that_of_sentence_transformers(pooling: Pooling, side: str):
    hidden, mask = batch(side)
    expected = reference(hidden.bfloat16(), mask, pooling)
    torch.testing.assert_close(pool(hidden.bfloat16(), mask, pooling).bfloat16(), expected, rtol=2**-7, atol=1e-6)


@POOLINGS
def test_padding_changes_no_pooling(pooling: Pooling):
    left, right = (pool(*batch_of, pooling) for batch_of in (aligned("left"), aligned("right")))
    torch.testing.assert_close(left, right, rtol=1e-6, atol=1e-6)


def aligned(side: str) -> tuple[Tensor, Tensor]:
    """The same sentences padded on either side."""
    hidden = torch.randn(len(LENGTHS), T, H, generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(T) < LENGTHS.unsqueeze(1)).long()
    if side == "left":
        rows = [torch.roll(row, int(T - length), 0) for row, length in zip(hidden, LENGTHS, strict=True)]
        return torch.stack(rows), mask.flip(1)
    return hidden, mask
