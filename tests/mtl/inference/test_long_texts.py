"""Texts longer than the backbone's maximum, read in windows."""

from collections.abc import Callable

import numpy as np
import pytest

from mtl.inference import Engine
from tests.mtl.inference.engines import TEXTS
from tests.mtl.inference.test_entities import assert_spans_are_exact
from tests.tiny import ARCHITECTURES, MAX_TOKENS

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
LONG = "Anna met Tom in the old hotel in Rome and she loves New York. " * 40


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
    read = engine._parts.tokenizer([text])
    pieces = [one for one in engine.subwords(text)]
    parts, position = [], 0
    for length in read.lengths.tolist():
        inside = [one for one in pieces[position : position + length] if one.end > one.start]
        parts.append(engine.encode(text[inside[0].start : inside[-1].end]))
        position += length
    weights = read.owned.astype(np.float32)
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
