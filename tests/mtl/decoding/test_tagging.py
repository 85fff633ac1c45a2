"""Decoding of emissions against sums and maxima over all tag sequences."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.decoding import TagDecoder, softmax
from mtl.decoding.tagging import log_marginals, viterbi
from mtl.labels import ILLEGAL, TagSet, to_bio2

TAGS = TagSet(("LOC", "PER"))
NAMES = TAGS.tags
L = len(NAMES)
LENGTHS = (4, 1, 0, 3)
IS_CRF = pytest.mark.parametrize("is_crf", [False, True], ids=["linear", "crf"])
SEEDS = pytest.mark.parametrize("seed", range(4))


def random_sentences(seed: int, lengths: tuple[int, ...] = LENGTHS, scale: float = 3.0) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [chance.normal(size=(length, L), scale=scale).astype(np.float32) for length in lengths]


def scores_of_crf(seed: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(100 + seed)
    shapes = {"transitions": (L, L), "starts": (L,)}
    return {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def all_scores(sentence: np.ndarray, transitions: np.ndarray, starts: np.ndarray) -> dict[tuple[int, ...], float]:
    """The score of every tag sequence of a sentence, term by term."""
    found = {}
    for tags in itertools.product(range(L), repeat=len(sentence)):
        score = float(starts[tags[0]]) if tags else 0.0
        score += sum(float(sentence[i, tag]) for i, tag in enumerate(tags))
        found[tags] = score + sum(float(transitions[a, b]) for a, b in itertools.pairwise(tags))
    return found


def legal_scores(seed: int) -> tuple[np.ndarray, np.ndarray]:
    scores = scores_of_crf(seed)
    illegal = np.where(TAGS.legal_transitions(), 0, ILLEGAL), np.where(TAGS.legal_starts(), 0, ILLEGAL)
    return scores["transitions"] + illegal[0], scores["starts"] + illegal[1]


@SEEDS
def test_a_crf_gives_the_best_of_all_sequences_and_its_marginal_probabilities(seed: int):
    transitions, starts = legal_scores(seed)
    sentences = random_sentences(seed)
    for sentence, found in zip(sentences, TagDecoder(TAGS, **scores_of_crf(seed))(sentences), strict=True):
        scores = all_scores(sentence, transitions, starts)
        best = max(scores, key=lambda tags: scores[tags])
        assert tuple(found.tags.tolist()) == best
        weights = np.exp(np.array(list(scores.values())) - max(scores.values()))
        for position, tag in enumerate(best):
            here = np.array([tags[position] == tag for tags in scores])
            assert found.probabilities[position] == pytest.approx(weights[here].sum() / weights.sum(), abs=1e-4)


@SEEDS
def test_padded_rows_have_the_best_sequence_and_the_marginals_of_their_own_words(seed: int):
    transitions, starts = (scores.astype(np.float32) for scores in legal_scores(seed))
    sentences = random_sentences(seed)
    mask = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
    emissions = np.full((*mask.shape, L), 77.0, dtype=np.float32)  # what stands outside the mask means nothing
    emissions[mask] = np.concatenate(sentences)
    best, logs = (run(emissions, mask, transitions, starts) for run in (viterbi, log_marginals))
    shares = np.exp(logs)
    assert not best[~mask].any()
    for row, (sentence, length) in enumerate(zip(sentences, LENGTHS, strict=True)):
        scores = all_scores(sentence, transitions, starts)
        assert tuple(best[row, :length].tolist()) == max(scores, key=lambda tags: scores[tags])
        weights = np.exp(np.array(list(scores.values())) - max(scores.values()))
        for position, tag in itertools.product(range(length), range(L)):
            here = np.array([tags[position] == tag for tags in scores])
            assert shares[row, position, tag] == pytest.approx(weights[here].sum() / weights.sum(), abs=1e-4)


@SEEDS
def test_a_linear_head_gives_the_most_probable_legal_sequence(seed: int):
    sentences = random_sentences(seed)
    for sentence, found in zip(sentences, TagDecoder(TAGS)(sentences), strict=True):
        logs = np.log(np.exp(sentence) / np.exp(sentence).sum(axis=1, keepdims=True)) if len(sentence) else sentence
        legal = [
            tags
            for tags in itertools.product(range(L), repeat=len(sentence))
            if to_bio2([NAMES[tag] for tag in tags]) == tuple(NAMES[tag] for tag in tags)
        ]
        best = max(legal, key=lambda tags: sum(float(logs[i, tag]) for i, tag in enumerate(tags)))
        assert tuple(found.tags.tolist()) == best
        expected = [float(np.exp(logs[i, tag])) for i, tag in enumerate(best)]
        np.testing.assert_allclose(found.probabilities, expected, rtol=0, atol=1e-5)


@IS_CRF
@given(st.integers(0, 10_000), st.lists(st.integers(0, 7), min_size=2, max_size=5), st.sampled_from([0.01, 3.0, 300.0]))
def test_only_legal_tags_are_decoded(is_crf: bool, seed: int, lengths: list[int], scale: float):
    decoder = TagDecoder(TAGS, **scores_of_crf(seed)) if is_crf else TagDecoder(TAGS)
    for found in decoder(random_sentences(seed, tuple(lengths), scale)):
        tags = tuple(NAMES[tag] for tag in found.tags)
        assert to_bio2(tags) == tags


@IS_CRF
def test_sentences_decoded_together_are_as_alone(is_crf: bool):
    decoder = TagDecoder(TAGS, **scores_of_crf(1)) if is_crf else TagDecoder(TAGS)
    sentences = random_sentences(1, (30, 2, 0, 200, 7, 1))
    for together, sentence in zip(decoder(sentences), sentences, strict=True):
        (alone,) = decoder([sentence])
        assert together.tags.tolist() == alone.tags.tolist()
        np.testing.assert_allclose(together.probabilities, alone.probabilities, rtol=0, atol=1e-5)


def test_nothing_to_decode_gives_nothing():
    decoder = TagDecoder(TAGS)
    assert decoder([]) == []
    assert [len(found.tags) for found in decoder([np.zeros((0, L), dtype=np.float32)] * 2)] == [0, 0]


def test_large_logits_give_finite_probabilities():
    assert np.isfinite(softmax(np.array([[1e4, -1e4, 0]], dtype=np.float32))).all()


@IS_CRF
@SEEDS
def test_a_word_that_goes_on_has_the_tag_of_the_word_before_and_changes_no_other(seed: int, is_crf: bool):
    decoder = TagDecoder(TAGS, **(scores_of_crf(seed) if is_crf else {}))
    own = random_sentences(seed)
    chance = np.random.default_rng(seed)
    spread, continued, at = [], [], []
    for sentence in own:
        repeats = chance.integers(1, 4, len(sentence))
        first = np.concatenate([[0], np.cumsum(repeats)[:-1]]).astype(int) if len(sentence) else []
        marks = np.ones(repeats.sum(), dtype=bool)
        marks[first] = False
        noise = chance.normal(size=(len(marks), L)).astype(np.float32)
        noise[~marks] = sentence
        spread.append(noise), continued.append(marks), at.append(np.cumsum(~marks) - 1)
    for before, found, marks, index in zip(decoder(own), decoder(spread, continued), continued, at, strict=True):
        expected = [NAMES[tag] for tag in before.tags[index]]
        inside = [
            f"I{tag[1:]}" if goes_on and tag != "O" else tag for tag, goes_on in zip(expected, marks, strict=True)
        ]
        assert [NAMES[tag] for tag in found.tags] == inside
        np.testing.assert_array_equal(found.probabilities, before.probabilities[index])


@SEEDS
def test_argmax_takes_the_best_tag_of_each_word_and_begins_an_entity_where_none_goes_on(seed: int):
    sentences = random_sentences(seed)
    for sentence, found in zip(sentences, TagDecoder(TAGS, argmax=True)(sentences), strict=True):
        best = sentence.argmax(axis=-1) if len(sentence) else []
        assert [NAMES[tag] for tag in found.tags] == list(to_bio2([NAMES[tag] for tag in best]))
        expected = softmax(sentence).max(axis=-1) if len(sentence) else []
        np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5)
