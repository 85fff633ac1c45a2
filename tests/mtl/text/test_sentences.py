"""Sentences of raw text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.text import split_sentences
from tests.mtl.text.generated import LONG_TEXTS


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Anna left. Tom stayed!", ["Anna left. ", "Tom stayed!"]),
        ("Dr. Okafor met J. K. Li. She smiled.", ["Dr. Okafor met J. K. Li. ", "She smiled."]),
        ("The U.S. Army left. Why?", ["The U.S. Army left. ", "Why?"]),
        ('"Stop!" she said. "Now." Tom left.', ['"Stop!" she said. ', '"Now." ', "Tom left."]),
        ("It costs 3.50 or so. ok then", ["It costs 3.50 or so. ok then"]),
        ("one\n\ntwo", ["one\n\n", "two"]),
        ("安娜来了。田中走了。", ["安娜来了。", "田中走了。"]),
        ("", [""]),
        ("no end", ["no end"]),
    ],
)
def test_sentences_end_where_a_reader_would_say_so(text: str, sentences: list[str]):
    assert [text[span.start : span.end] for span in split_sentences(text)] == sentences


@given(st.text(st.sampled_from(" .!?\"'Aab1。\n\u00e9"), max_size=40))
def test_sentences_cover_any_text_in_order(text: str):
    spans = split_sentences(text)
    assert "".join(text[span.start : span.end] for span in spans) == text


@given(LONG_TEXTS)
def test_no_sentence_is_empty(text: str):
    assert all(span.start < span.end for span in split_sentences(text)) or not text
