"""Temperatures, against a division of logits and against trying many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.decoding import Evidence, TagDecoder, fit_temperature, sigmoid, softmax, tags_at, tempered
from mtl.labels import TagSet
from tests.mtl.decoding.test_tagging import TAGS, random_sentences, scores_of_crf

TEMPERATURES = st.sampled_from([0.25, 0.7, 1.0, 1.9, 10.0])
DECODERS = pytest.mark.parametrize("options", [{}, {"argmax": True}, scores_of_crf(0)], ids=["linear", "argmax", "crf"])


def drawn(seed: int, count: int, temperature: float) -> Evidence:
    """Decisions that are right as often as their probabilities at a temperature say."""
    chance = np.random.default_rng(seed)
    scores = chance.normal(scale=4, size=(count, 3)).astype(np.float32)
    right = np.array([chance.choice(3, p=row / row.sum()) for row in softmax(scores / temperature).astype(float)])
    return Evidence(scores, right)


@given(st.integers(0, 99), st.integers(1, 6), TEMPERATURES)
def test_probabilities_at_a_temperature_are_those_of_divided_logits(seed: int, columns: int, temperature: float):
    logits = np.random.default_rng(seed).normal(scale=3, size=(5, columns)).astype(np.float32)
    for before, several in ((softmax, False), (sigmoid, True)):
        found = tempered(before(logits), temperature, multi_label=several)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, before(logits / temperature), rtol=0, atol=1e-4)
        if not several:
            assert found.argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()


def test_at_one_nothing_changes():
    rows = softmax(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32))
    assert tempered(rows, 1.0) is rows


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.5])
def test_the_temperature_of_the_truth_is_found(temperature: float):
    assert fit_temperature(drawn(0, 4000, temperature)) == pytest.approx(temperature, rel=0.1)


def test_no_other_temperature_has_a_smaller_loss():
    evidence = drawn(1, 3000, 1.7)

    def loss(temperature: float) -> float:
        own = softmax(evidence.scores / temperature)[np.arange(3000), evidence.right]
        return -np.log(own).sum() + (np.log(temperature) / 0.5) ** 2 / 2

    others = np.exp(np.linspace(np.log(0.25), np.log(10), 400))
    assert loss(fit_temperature(evidence)) <= min(map(loss, others)) + 0.01


def test_few_examples_or_examples_that_are_all_right_move_it_little():
    certain = np.array([[9.0, 0, 0]], dtype=np.float32)
    right = np.zeros(500, dtype=np.int64)
    assert fit_temperature(Evidence(certain[:0], right[:0])) == 1.0
    assert fit_temperature(Evidence(certain[:, :1], right[:1])) == 1.0
    assert fit_temperature(Evidence(certain, right[:1])) == pytest.approx(1, abs=0.05)
    assert 0.25 < fit_temperature(Evidence(np.repeat(certain, 500, axis=0), right)) <= 1
    assert abs(np.log(fit_temperature(drawn(0, 5, 2.5)))) < abs(np.log(2.5))


@DECODERS
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_tags_stay_and_their_marginals_are_scaled(options: dict, temperature: float):
    sentences = random_sentences(3)
    continued = [np.arange(len(one)) == 1 for one in sentences]
    plain = TagDecoder(TAGS, **options)(sentences, continued, marginals=True)
    scaled = TagDecoder(TAGS, **options, temperature=temperature)(sentences, continued)
    for before, after in zip(plain, scaled, strict=True):
        assert after.tags.tolist() == before.tags.tolist()
        found = tags_at(before, temperature, is_argmax="argmax" in options)
        np.testing.assert_allclose(found.probabilities, after.probabilities, rtol=1e-5)
        for word in np.flatnonzero(~np.isnan(before.log_marginals).any(axis=1)):
            chances = np.exp(before.log_marginals[word].astype(float)) ** (1 / temperature)
            own = chances.max() if "argmax" in options else chances[before.tags[word]]
            assert after.probabilities[word] == pytest.approx(own / chances.sum(), abs=1e-4)


def test_one_type_of_entity_has_marginals_too():
    (found,) = TagDecoder(TagSet(("X",)))([np.zeros((2, 3), dtype=np.float32)], marginals=True)
    assert found.log_marginals.shape == (2, 3)
