"""Texts longer than the backbone's maximum, read in windows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from mtl.inference import Engine
from mtl.inference.reading import Reader, ReaderConfig, place_words
from mtl.text import split_words
from tests.mtl.inference.engines import TEXTS
from tests.mtl.inference.test_entities import assert_spans_are_exact
from tests.tiny import ARCHITECTURES, MAX_TOKENS

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
LONG = "Anna met Tom in the old hotel in Rome and she loves New York. " * 40


@pytest.fixture
def reader(tiny_bert: Path) -> Reader:
    tokenizer = Tokenizer.from_file(str(tiny_bert / "tokenizer.json"))
    return Reader(tokenizer, ReaderConfig(max_length=MAX_TOKENS, pad_id=1, lower_case=False))


def test_windows_fit_overlap_and_leave_nothing_out(reader: Reader):
    (read,) = reader([LONG], offsets=True)
    assert read.cut_at is None
    assert all(len(window) <= MAX_TOKENS for window in read.windows)
    spans = [[o for o in window.offsets if o[1] > o[0]] for window in read.windows]
    for before, after in zip(spans, spans[1:], strict=False):
        assert after[0] in before
        assert before[-1] in after
    covered = {offset for window in spans for offset in window}
    assert len(covered) == read.tokens - 2  # the special tokens of one text


def test_every_word_is_placed_once_with_company_on_both_sides(reader: Reader):
    text = TEXTS["long"]  # one sentence without an end
    (read,) = reader([text], offsets=True)
    words = split_words(text)
    placed = place_words(read, words)
    assert len(placed.tokens) == len(words)
    assert placed.windows == sorted(placed.windows)
    for word, number, token in zip(words, placed.windows, placed.tokens, strict=True):
        offsets = read.sentences[number].offsets
        assert offsets[token][0] == word.start
        if number > 0:
            assert token > 4
        if number < len(read.sentences) - 1:
            assert token < len(offsets) - 4


def test_words_of_a_long_text_are_read_sentence_by_sentence(engine: Engine):
    sentences = ["Anna met Tom Li in New York.", "Dr. Maria Li loves Rome!", "The old hotel in Berlin was bad."] * 12
    text, expected = "", []
    for sentence in sentences:
        (alone,) = engine.tag([sentence])
        expected += [(len(text) + e["start"], len(text) + e["end"], e["entity_group"]) for e in alone["names"]]
        text += sentence + " "
    (found,) = engine.tag([text])
    assert [(e["start"], e["end"], e["entity_group"]) for e in found["names"]] == expected
    assert len(expected) > 36


@EACH
def test_a_long_text_has_entities_to_its_end(engines: Callable[[str], Engine], architecture: str):
    (found,) = engines(architecture).analyze([LONG])
    assert_spans_are_exact(found, LONG)
    assert found.windows > 5
    assert found.tokens > 5 * MAX_TOKENS / 2
    assert found.cut_at is None


@EACH
def test_classes_of_a_long_text_are_probabilities(engines: Callable[[str], Engine], architecture: str):
    (found,) = engines(architecture).classify([LONG])
    assert sum(found["topic"].values()) == pytest.approx(1, abs=1e-5)


def test_the_embedding_of_a_long_text_is_the_mean_of_its_windows_by_tokens(engine: Engine):
    text = TEXTS["long"]
    reader = engine._parts.reader
    (read,) = reader([text], offsets=True)
    parts = []
    for window in read.windows:
        inside = [o for o in window.offsets if o[1] > o[0]]
        parts.append(engine.encode(text[inside[0][0] : inside[-1][1]]))
    weights = np.array([window.own for window in read.windows], dtype=np.float32)
    expected = (np.stack(parts) * weights[:, None]).sum(0) / weights.sum()
    np.testing.assert_allclose(engine.encode(text), expected, rtol=0, atol=1e-4)


def test_a_long_text_changes_nothing_for_its_neighbours(engine: Engine):
    texts = ["Anna met Tom.", LONG, "", TEXTS["plain"]]
    for together, text in zip(engine.analyze(texts), texts, strict=True):
        (alone,) = engine.analyze([text])
        np.testing.assert_allclose(together.embedding, alone.embedding, rtol=0, atol=1e-5)
        assert [(e["start"], e["end"]) for e in together.entities["names"]] == [
            (e["start"], e["end"]) for e in alone.entities["names"]
        ]
