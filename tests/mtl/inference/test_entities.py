"""Entities: exact offsets in any text."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mtl.inference import Analysis, Engine
from mtl.recipe import Decoder
from mtl.text import split_words
from tests.mtl.encoder.batches import batch_of
from tests.mtl.inference.engines import TEXTS, engine_of, model_of
from tests.tiny import ARCHITECTURES, MAX_TOKENS

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)


@pytest.fixture(scope="module")
def crf_engine(tiny_bert: Path) -> Engine:
    return engine_of(tiny_bert, Decoder.CRF)


def assert_spans_are_exact(found: Analysis, text: str) -> None:
    words = {span.start for span in split_words(text)}, {span.end for span in split_words(text)}
    end = 0
    for entity in found.entities["names"]:
        assert set(entity) == {"entity_group", "score", "word", "start", "end"}
        assert end <= entity["start"] < entity["end"] <= len(text)
        assert text[entity["start"] : entity["end"]] == entity["word"]
        assert entity["start"] in words[0]
        assert entity["end"] in words[1]
        assert entity["entity_group"] in {"LOC", "PER"}
        assert 0 < entity["score"] <= 1
        end = entity["end"]


@EACH
@pytest.mark.parametrize("name", TEXTS)
def test_entities_are_exact_sorted_and_disjoint(engines: Callable[[str], Engine], architecture: str, name: str):
    (found,) = engines(architecture).analyze([TEXTS[name]])
    assert_spans_are_exact(found, TEXTS[name])
    assert found.text == TEXTS[name]


@EACH
def test_entities_are_found_in_most_texts(engines: Callable[[str], Engine], architecture: str):
    found = engines(architecture).tag(list(TEXTS.values()))
    assert sum(bool(entities["names"]) for entities in found) >= len(TEXTS) - 5


@given(st.text(max_size=60))
def test_entities_of_any_text_are_exact(engine: Engine, crf_engine: Engine, text: str):
    for one in (engine, crf_engine):
        assert_spans_are_exact(one.analyze([text])[0], text)


def test_the_score_of_an_entity_is_the_mean_probability_of_its_tags(tiny_bert: Path):
    text = TEXTS["plain"]
    loaded = model_of(tiny_bert)
    engine, model = Engine.of(loaded, name="tiny"), loaded.model
    words = split_words(text)
    batch = batch_of(loaded, [text])
    with torch.inference_mode():
        emissions = model.heads["names"](model.encoder(batch).hidden, batch.first_tokens)
        probabilities = torch.softmax(emissions, -1)[0]
    tags = engine.tasks["names"].tags.index()
    for entity in engine.tag([text])[0]["names"]:
        inside = [i for i, word in enumerate(words) if entity["start"] <= word.start < entity["end"]]
        kind = entity["entity_group"]
        picked = [probabilities[i, tags[("B-" if i == inside[0] else "I-") + kind]].item() for i in inside]
        assert entity["score"] == pytest.approx(sum(picked) / len(picked), abs=1e-5)


@EACH
def test_a_text_that_is_too_long_says_where_it_was_cut(cutting: Callable[[str], Engine], architecture: str):
    text = TEXTS["long"]
    (found,) = cutting(architecture).analyze([text])
    assert found.tokens == MAX_TOKENS
    assert 0 < found.cut_at < len(text)
    assert not text[found.cut_at].isspace()
    assert all(entity["start"] < found.cut_at for entity in found.entities["names"])


def test_lone_surrogates_keep_every_offset(engine: Engine):
    text = "Anna \ud83d met \udc00Tom"
    (found,) = engine.analyze([text])
    assert found.text == "Anna \ufffd met \ufffdTom"
    assert_spans_are_exact(found, found.text)
