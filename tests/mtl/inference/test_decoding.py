"""Decoding in NumPy against the training's own decoder."""

import numpy as np
import pytest
import torch

from mtl.heads import TaggingHead, crf
from mtl.inference.decoding import TagDecoder, marginals, softmax, viterbi
from mtl.labels import TagSet
from mtl.recipe import Decoder, HeadConfig

TAGS = TagSet(("LOC", "PER"))
COUNTS = (5, 0, 1, 12, 3, 7)


def random_sentences(seed: int) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [chance.normal(size=(count, 5), scale=3).astype(np.float32) for count in COUNTS]


def padded(sentences: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    emissions = np.zeros((len(sentences), max(COUNTS), 5), dtype=np.float32)
    mask = np.zeros(emissions.shape[:2], dtype=bool)
    for row, sentence in enumerate(sentences):
        emissions[row, : len(sentence)] = sentence
        mask[row, : len(sentence)] = True
    return emissions, mask


def head(decoder: Decoder) -> TaggingHead:
    torch.manual_seed(1)
    made = TaggingHead(HeadConfig(decoder=decoder), size=8, tags=TAGS).eval()
    if made.is_crf:
        torch.nn.init.normal_(made.transitions)
        torch.nn.init.normal_(made.starts)
    return made


def decoder_of(made: TaggingHead) -> TagDecoder:
    if not made.is_crf:
        return TagDecoder(TAGS)
    return TagDecoder(TAGS, transitions=made.transitions.detach().numpy(), starts=made.starts.detach().numpy())


@pytest.mark.parametrize("decoder", Decoder)
@pytest.mark.parametrize("seed", range(5))
def test_tags_and_probabilities_are_those_of_the_head(decoder: Decoder, seed: int):
    made, sentences = head(decoder), random_sentences(seed)
    emissions, mask = (torch.from_numpy(array) for array in padded(sentences))
    with torch.no_grad():
        tags = made.decode(emissions, mask)
        chances = made.probabilities(emissions, mask).gather(2, tags.unsqueeze(-1)).squeeze(-1)
    for row, found in enumerate(decoder_of(made)(sentences)):
        count = COUNTS[row]
        assert found.tags.tolist() == tags[row, :count].tolist()
        np.testing.assert_allclose(found.probabilities, chances[row, :count], rtol=0, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_core_equals_that_of_training(seed: int):
    emissions, mask = padded(random_sentences(seed))
    chance = np.random.default_rng(seed)
    transitions, starts = chance.normal(size=(5, 5)).astype(np.float32), chance.normal(size=5).astype(np.float32)
    as_tensors = [torch.from_numpy(array) for array in (emissions, mask, transitions, starts)]
    inside = mask.sum(1) > 0
    np.testing.assert_array_equal(
        viterbi(emissions, mask, transitions, starts)[inside], crf.viterbi(*as_tensors).numpy()[inside]
    )
    expected = crf.marginals(*as_tensors).numpy()
    np.testing.assert_allclose(marginals(emissions, mask, transitions, starts)[mask], expected[mask], atol=1e-5)


def test_nothing_to_decode_gives_nothing():
    decoder = TagDecoder(TAGS)
    assert decoder([]) == []
    assert [len(found.tags) for found in decoder([np.zeros((0, 5), dtype=np.float32)] * 2)] == [0, 0]


def test_large_logits_give_finite_probabilities():
    assert np.isfinite(softmax(np.array([[1e4, -1e4, 0]], dtype=np.float32))).all()
