"""A user handle is one word in evaluation too, as in training and on the page, however a file splits it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mtl import Engine
from mtl.data import TaggedText
from mtl.evaluation import evaluate
from mtl.evaluation.words_read import gold_spans, gold_tags, places_of, read_words, tags_given, tags_read
from mtl.text import Span, WordedText, split_words
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import events_of
from tests.tiny import EXACT

TEXTS = ("@anna met (@the team) in paris", "tom @siemens_in munich a@b @")
SPLIT = (
    "@:B-PER anna:I-PER met:O (:O @:O the:O team:O ):O in:O paris:B-LOC",
    "tom:B-PER @:B-ORG siemens:I-ORG _:I-ORG in:I-ORG munich:B-LOC a@b:O @:O",
)
JOINED = (
    "@anna:B-PER met:O (:O @the:O team:O ):O in:O paris:B-LOC",
    "tom:B-PER @siemens_in:B-ORG munich:B-LOC a@b:O @:O",
)


def tagged(text: str, words: str) -> TaggedText:
    """The text with words and their tags in their order."""
    spans, tags, end = [], [], 0
    for word, _, tag in (one.rpartition(":") for one in words.split()):
        start = text.index(word, end)
        end = start + len(word)
        spans.append(Span(start, end))
        tags.append(tag)
    return TaggedText(WordedText(text, tuple(spans)), tuple(tags))


def examples(words: Sequence[str]) -> list[TaggedText]:
    return [tagged(text, own) for text, own in zip(TEXTS, words, strict=True)]


def test_given_words_are_read_as_one_within_a_handle():
    first, second = examples(SPLIT)
    assert places_of(first).tolist() == [0, 0, 1, 2, 3, 3, 4, 5, 6, 7]
    assert tags_read([first, second])[1] == ("B-PER", "B-ORG", "B-LOC", "O", "O")
    assert tags_given(second, ["B-PER", "B-ORG", "O", "O", "B-LOC"]) == (
        *("B-PER", "B-ORG", "I-ORG", "I-ORG", "I-ORG"),
        *("O", "O", "B-LOC"),
    )
    for example in (first, second):
        handles = [w for w in split_words(example.text) if example.text[w.start] == "@" and w.end - w.start > 1]
        read = read_words(example).tolist()
        assert handles
        assert all([handle.start, handle.end] in read for handle in handles)


def test_words_without_handles_are_those_given():
    example = tagged("don't a@b #one @", "don:O 't:O a@b:O #one:B-ORG @:O")
    assert read_words(example).tolist() == [[word.start, word.end] for word in example.worded.words]
    assert np.array_equal(places_of(example), range(5))
    assert tags_given(example, example.tags) == example.tags


def test_a_text_without_words_has_none_to_read():
    assert read_words(TaggedText(WordedText("\u200b", ()), ())).shape == (0, 2)


@pytest.mark.parametrize("decoder", ["linear", "argmax", "crf"])
def test_metrics_are_the_same_however_a_file_splits_handles(tmp_path: Path, tiny_bert: Path, decoder: str):
    events_of(recipe_of(tiny_bert, ["entities"], tasks_entities={"head": {"decoder": decoder}}), tmp_path / "run")
    engine = Engine.load(tmp_path / "run" / "last", **EXACT)
    task = engine.tasks["entities"]
    by_split, by_joined = (evaluate(task, examples(words), engine._run) for words in (SPLIT, JOINED))
    assert {key: by_split[key] for key in by_split if key != "token_accuracy"} == pytest.approx(
        {key: by_joined[key] for key in by_joined if key != "token_accuracy"}
    )


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("thanks:O @:O anna_b:B-PER for:O this:O", "thanks:O @anna_b:B-PER for:O this:O"),
        ("thanks:O @:O anna:B-PER _:I-PER b:I-PER for:O this:O", "thanks:O @anna_b:B-PER for:O this:O"),
        ("thanks:O @:O anna_b:B-PER for:I-PER this:O", "thanks:O @anna_b:B-PER for:I-PER this:O"),
        ("thanks:O @:B-PER anna:I-PER _:O b:O for:O this:O", "thanks:O @anna_b:B-PER for:O this:O"),
        ("thanks:B-PER @:I-PER anna_b:O for:O this:O", "thanks:B-PER @anna_b:I-PER for:O this:O"),
    ],
)
def test_an_entity_anywhere_in_a_handle_is_all_of_it_in_training_calibration_and_scores(words: str, joined: str):
    text = "thanks @anna_b for this"
    given, whole = tagged(text, words), tagged(text, joined)
    assert given.units().tags == whole.units().tags == whole.tags  # what training learns
    assert tags_read([given]) == tags_read([whole]) == [whole.tags]
    assert gold_tags(given) == tags_given(given, whole.tags)
    assert gold_tags(whole) == whole.tags
    assert gold_spans(given) == whole.visible_spans()
