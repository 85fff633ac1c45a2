"""Entities of texts from tags."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.decoding import Decoded, entities_of
from mtl.labels import TagSet, spans_of, to_bio2
from mtl.text import split_words, word_offsets
from tests.mtl.text.generated import TEXTS

TAGS = TagSet(("LOC", "PER"))


@given(st.data(), TEXTS)
def test_an_entity_has_the_characters_of_its_words_and_the_mean_of_their_probabilities(data: st.DataObject, text: str):
    words = split_words(text)
    tags = to_bio2(data.draw(st.lists(st.sampled_from(TAGS.tags), min_size=len(words), max_size=len(words))))
    read = data.draw(st.integers(0, len(words)))  # words after it were cut
    chances = np.random.default_rng(len(words)).random(read, dtype=np.float32)
    decoded = Decoded(np.array([TAGS.index()[tag] for tag in tags[:read]], dtype=np.intp), chances)
    found = entities_of(text, word_offsets(words), decoded, TAGS.tags)
    assert len(found) == sum(tag.startswith("B-") for tag in tags[:read])
    for entity, span in zip(found, spans_of(tags[:read]), strict=True):
        assert (entity["start"], entity["end"]) == (words[span.start].start, words[span.end - 1].end)
        assert entity["word"] == text[entity["start"] : entity["end"]]
        assert entity["entity_group"] == tags[span.start].partition("-")[2]
        assert entity["score"] == pytest.approx(float(np.mean(chances[span.start : span.end])), rel=1e-5)
