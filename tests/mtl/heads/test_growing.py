"""Heads that have met new labels.

Weights are compared to the bit, scores are not: how a product of matrices is summed depends on their sizes.
"""

import pytest
import torch
from torch import nn

from mtl.heads import ClassificationHead, TaggingHead
from mtl.heads.growing import put_rows
from mtl.labels import TagSet
from mtl.recipe import Decoder, HeadConfig

H = 6


def classifier(labels: int, seed: int) -> ClassificationHead:
    torch.manual_seed(seed)
    return ClassificationHead(HeadConfig(), size=H, classes=labels).eval()


def tagger(types: tuple[str, ...], seed: int, decoder: Decoder) -> TaggingHead:
    torch.manual_seed(seed)
    head = TaggingHead(HeadConfig(decoder=decoder), size=H, tags=TagSet(types)).eval()
    if decoder is Decoder.CRF:
        nn.init.normal_(head.transitions)
        nn.init.normal_(head.starts)
    return head


@pytest.mark.parametrize(("before", "after"), [(2, 2), (2, 3), (1, 9)])
def test_known_labels_keep_their_rows_to_the_bit_and_their_scores(before: int, after: int):
    old, new, pooled = classifier(before, 0), classifier(after, 1), torch.randn(5, H)
    fresh = new.output.weight[before:].clone()
    put_rows(new, old.state_dict())
    assert torch.equal(new.output.weight, torch.cat([old.output.weight, fresh]))
    assert torch.equal(new.output.bias[:before], old.output.bias)
    torch.testing.assert_close(new(pooled)[:, :before], old(pooled))


@pytest.mark.parametrize("decoder", list(Decoder))
def test_known_tags_keep_their_rows_and_transitions_to_the_bit_and_their_scores(decoder: Decoder):
    old, new = tagger(("PER", "LOC"), 0, decoder), tagger(("PER", "LOC", "DATE"), 1, decoder)
    hidden, first_tokens = torch.randn(2, 4, H), torch.tensor([[0, 1, 3], [0, 2, 3]])
    put_rows(new, old.state_dict())
    assert torch.equal(new.output.weight[:5], old.output.weight)
    assert torch.equal(new.output.bias[:5], old.output.bias)
    torch.testing.assert_close(new(hidden, first_tokens)[..., :5], old(hidden, first_tokens))
    if decoder is Decoder.CRF:
        assert torch.equal(new.transitions[:5, :5], old.transitions)
        assert torch.equal(new.starts[:5], old.starts)


def test_a_head_with_fewer_labels_is_refused():
    with pytest.raises(ValueError, match=r"output.weight of at most \(2, 6\) was expected, was \(3, 6\)"):
        put_rows(classifier(2, 0), classifier(3, 0).state_dict())
