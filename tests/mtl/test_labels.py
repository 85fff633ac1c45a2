"""Label order and the BIO schemes, against seqeval's reading of the same tags."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from mtl.errors import DataError
from mtl.labels import TagSet, TypedSpan, spans_of, split_tag, stable_order, tags_of, to_bio2

TYPES = ("LOC", "PER", "A-B")
BIO_TAGS = ("O", *(f"{prefix}-{name}" for name in TYPES for prefix in "BI"))


@st.composite
def disjoint_spans(draw: st.DrawFn) -> tuple[list[TypedSpan], int]:
    length = draw(st.integers(0, 12))
    cuts = sorted(draw(st.sets(st.integers(0, length))))
    pairs = list(itertools.pairwise(cuts))
    chosen = [pair for pair in pairs if draw(st.booleans())]
    return [TypedSpan(start, end, draw(st.sampled_from(TYPES))) for start, end in chosen], length


def in_scheme(spans: list[TypedSpan], length: int, *, first: str, inside: str, last: str, single: str) -> list[str]:
    tags = ["O"] * length
    for span in spans:
        letters = [first, *inside * (span.end - span.start - 2), last] if span.end - span.start > 1 else [single]
        tags[span.start : span.end] = [f"{letter}-{span.label}" for letter in letters]
    return tags


@pytest.mark.parametrize(
    ("given_tags", "expected"),
    [
        pytest.param("I-PER I-PER O I-LOC", "B-PER I-PER O B-LOC", id="IOB1"),
        pytest.param("I-PER B-PER I-PER", "B-PER B-PER I-PER", id="IOB1-neighbours"),
        pytest.param("B-PER I-PER O B-LOC", "B-PER I-PER O B-LOC", id="BIO2"),
        pytest.param("B-PER I-PER E-PER S-LOC S-LOC", "B-PER I-PER I-PER B-LOC B-LOC", id="BIOES"),
        pytest.param("B-PER I-PER L-PER U-LOC U-LOC", "B-PER I-PER I-PER B-LOC B-LOC", id="BILOU"),
        pytest.param("B-PER I-LOC", "B-PER B-LOC", id="type-changes-inside"),
        pytest.param("B-PER E-PER I-PER", "B-PER I-PER B-PER", id="I-after-E"),
        pytest.param("O E-PER", "O B-PER", id="E-without-B"),
        pytest.param("", "", id="empty"),
    ],
)
def test_every_scheme_is_read_as_bio2(given_tags: str, expected: str):
    assert to_bio2(given_tags.split()) == tuple(expected.split())


@given(st.lists(st.sampled_from(BIO_TAGS), max_size=12))
def test_any_iob_tags_give_the_entities_that_seqeval_sees(tags: list[str]):
    found = [(span.label, span.start, span.end - 1) for span in spans_of(to_bio2(tags))]
    assert found == get_entities(tags)


@given(disjoint_spans(), st.sampled_from([("E", "S"), ("L", "U")]))
def test_bioes_and_bilou_give_back_their_spans(example: tuple[list[TypedSpan], int], letters: tuple[str, str]):
    spans, length = example
    tags = in_scheme(spans, length, first="B", inside="I", last=letters[0], single=letters[1])
    assert list(spans_of(to_bio2(tags))) == spans


@given(st.lists(st.sampled_from(BIO_TAGS), max_size=12))
def test_bio2_is_read_as_itself(tags: list[str]):
    once = to_bio2(tags)
    assert to_bio2(once) == once


@given(disjoint_spans())
def test_spans_survive_the_way_through_tags(example: tuple[list[TypedSpan], int]):
    spans, length = example
    assert list(spans_of(tags_of(spans, length))) == spans


@given(st.lists(st.sampled_from(BIO_TAGS), max_size=12))
def test_legal_tags_survive_the_way_through_spans(tags: list[str]):
    legal = to_bio2(tags)
    assert tags_of(spans_of(legal), len(legal)) == legal


@pytest.mark.parametrize("tag", ["X-LOC", "B-", "-LOC", "LOC", "b-LOC", "BI-LOC", "", "B", "o"])
def test_a_tag_of_no_scheme_is_refused(tag: str):
    with pytest.raises(DataError, match="a tag is O, B-TYPE or I-TYPE, was "):
        to_bio2(["O", tag])


def test_a_type_may_hold_a_dash():
    assert split_tag("B-A-B") == ("B", "A-B")


def test_outside_comes_first_and_each_type_begins_before_it_goes_on():
    assert TagSet(("LOC", "PER")).tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def test_the_index_of_a_tag_is_its_position():
    tags = TagSet(TYPES)
    assert [tags.index()[tag] for tag in tags.tags] == list(range(len(tags.tags)))


def test_a_transition_is_legal_exactly_where_bio2_leaves_the_pair_alone():
    def is_legal(first: str, second: str) -> bool:
        before = ("B" + first[1:],) if first.startswith("I-") else ()
        sequence = (*before, first, second)
        return to_bio2(sequence) == sequence

    tags = TagSet(TYPES)
    expected = [[is_legal(first, second) for second in tags.tags] for first in tags.tags]
    assert np.array_equal(tags.legal_transitions(), np.array(expected))


def test_a_sequence_may_begin_with_anything_but_an_inside_tag():
    tags = TagSet(TYPES)
    assert tags.legal_starts().tolist() == [to_bio2([tag]) == (tag,) for tag in tags.tags]


def test_labels_are_ordered_by_code_point_whatever_their_order_and_number():
    assert stable_order(["b", "a", "Z", "b", "é"]) == stable_order(["é", "Z", "a", "b"]) == ("Z", "a", "b", "é")
