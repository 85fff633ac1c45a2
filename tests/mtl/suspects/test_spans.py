import numpy as np
import pytest

from mtl.data import TaggedText
from mtl.labels import TagSet, TypedSpan, tags_of
from mtl.suspects.spans import suspect_regions
from mtl.text import detokenize

TAGS = TagSet(("LOC", "PER"))
WORDS = ["anna", "lee", "saw", "rome", "today", "again"]
TRUE = (TypedSpan(0, 2, "PER"), TypedSpan(3, 4, "LOC"))


def regions(given, predicted=TRUE, *, sure=0.9):
    """The regions of one text among many that are as predicted."""
    index = TAGS.index()
    sets = [given, *[predicted] * 9]
    examples = [TaggedText(detokenize(WORDS), tags_of(spans, len(WORDS))) for spans in sets]
    wanted = np.array([index[tag] for tag in tags_of(predicted, len(WORDS))] * len(sets))
    probabilities = np.full((len(wanted), len(TAGS.tags)), (1 - sure) / (len(TAGS.tags) - 1), dtype=np.float32)
    probabilities[np.arange(len(wanted)), wanted] = sure
    tags = np.array([index[tag] for example in examples for tag in example.tags])
    return suspect_regions(examples, TAGS, tags, probabilities, np.full(len(sets), len(WORDS)))


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ((TRUE[0], TypedSpan(3, 4, "PER")), 3, 4),  # another type
        ((TRUE[0],), 3, 4),  # missing
        ((TRUE[0], TypedSpan(3, 5, "LOC")), 3, 5),  # a word too long
        ((TypedSpan(0, 1, "PER"), TRUE[1]), 0, 2),  # a word too short
        ((*TRUE, TypedSpan(5, 6, "LOC")), 5, 6),  # too much
    ],
)
def test_a_wrong_span_is_found_and_the_other_spans_stay(given, start, end):
    (found,) = regions(given)
    assert (found.row, found.start, found.end, found.spans) == (0, start, end, TRUE)
    assert 0 < found.score < 0.9


def test_two_wrong_spans_of_a_text_are_two_suspects_that_each_change_one_part():
    given = (TypedSpan(0, 2, "LOC"), TypedSpan(3, 4, "PER"))
    first, second = regions(given)
    assert {first.spans, second.spans} == {(TRUE[0], given[1]), (given[0], TRUE[1])}


def test_right_spans_are_no_suspects():
    assert regions(TRUE) == []


def test_words_that_were_cut_are_not_judged():
    example = TaggedText(detokenize(WORDS), tags_of((TypedSpan(4, 6, "LOC"),), len(WORDS)))
    probabilities = np.full((5, len(TAGS.tags)), 0.02, dtype=np.float32)
    probabilities[:, 0] = 0.92
    given = np.array([0, 0, 0, 0, 1])
    assert suspect_regions([example], TAGS, given, probabilities, np.array([5])) == []
