"""Words and offsets of raw text."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from mtl.text import Span, SplitWords, clean, detokenize, split_words, word_offsets
from mtl.text.words import same_length_lower

WORDS = st.text(st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")), min_size=1, max_size=6)


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_words(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Anna met Tom.", ["Anna", "met", "Tom", "."], id="plain"),
        pytest.param("don't", ["don", "'", "t"], id="contraction"),
        pytest.param("U.S.", ["U", ".", "S", "."], id="abbreviation"),
        pytest.param("3,000 €", ["3", ",", "000", "€"], id="number"),
        pytest.param("@marco_b #fun", ["@marco_b", "#", "fun"], id="handle"),
        pytest.param("@@_a @ b@c_d. @é1!", ["@", "@_a", "@", "b", "@", "c", "_", "d", ".", "@é1", "!"], id="handles"),
        pytest.param("谢谢@an_1东", ["谢", "谢", "@an_1", "东"], id="handle-without-spaces"),
        pytest.param("wait...", ["wait", ".", ".", "."], id="dots"),
        pytest.param("a\t\r\n b", ["a", "b"], id="white-space"),
        pytest.param("e\u0301te\u0301", ["e\u0301te\u0301"], id="combining-marks"),
        pytest.param("東京 is", ["東", "京", "is"], id="cjk"),
        pytest.param("ok🙂🙂", ["ok", "🙂", "🙂"], id="emoji"),
        pytest.param("non\u00a0breaking\u3000wide", ["non", "breaking", "wide"], id="unicode-blanks"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t", [], id="blank"),
    ],
)
def test_a_text_is_cut_into_words_and_signs(text: str, words: list[str]):
    assert cut(text) == words


@given(st.text(max_size=40))
def test_words_are_in_order_and_leave_out_nothing_that_is_seen(text: str):
    spans = split_words(text)
    bounds = [0, *(edge for span in spans for edge in (span.start, span.end)), len(text)]
    assert bounds == sorted(bounds)
    gaps = "".join(text[bounds[i] : bounds[i + 1]] for i in range(0, len(bounds), 2))
    assert regex.fullmatch(r"[\p{White_Space}\x1c-\x1f\p{Cc}\p{Default_Ignorable_Code_Point}]*", gaps)


@given(st.text(max_size=40))
def test_no_word_is_empty_or_holds_white_space(text: str):
    assert all(word and not regex.search(r"\p{White_Space}", word) for word in cut(text))


@given(st.text(max_size=30))
def test_cutting_a_word_again_changes_nothing(text: str):
    assert [cut(word) for word in cut(text)] == [[word] for word in cut(text)]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Anna met Tom .", "Anna met Tom."),
        ("I did n't say : “ no ” !", "I didn't say: “no”!"),
        ('He said " yes " to " it " .', 'He said "yes" to "it".'),
        ("Tom 's dogs ( two ) cost $ 5 , or € 6", "Tom's dogs (two) cost $5, or €6"),
        ("DO N'T", "DON'T"),
        ("# fun with @ anna", "#fun with @anna"),
        ("50 % of them ...", "50% of them..."),
        (". leading", ". leading"),
        ("", ""),
    ],
)
def test_words_are_joined_as_a_person_types_them(words: str, text: str):
    assert detokenize(words.split()).text == text


@given(st.lists(WORDS, max_size=12))
def test_every_word_is_found_at_its_offsets_after_joining(words: list[str]):
    joined = detokenize(words)
    assert [joined.text[span.start : span.end] for span in joined.words] == words


@given(st.lists(st.one_of(WORDS, st.sampled_from(list("\"'.,()$@"))), max_size=12))
def test_joining_adds_nothing_but_single_blanks_between_words(words: list[str]):
    joined = detokenize(words)
    gaps = [joined.text[a.end : b.start] for a, b in zip(joined.words, joined.words[1:], strict=False)]
    assert set(gaps) <= {"", " "}
    assert not words or (joined.words[0].start, joined.words[-1].end) == (0, len(joined.text))


def test_a_lone_surrogate_becomes_one_replacement_character():
    assert clean("a\ud83db\udc00") == "a\ufffdb\ufffd"


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_text_without_surrogates_stays_as_it_is(text: str):
    assert clean(text) == text


@given(st.lists(st.text(max_size=12), max_size=4))
def test_words_of_several_texts_are_those_of_each(texts: list[str]):
    words = SplitWords(texts)
    assert len(words) == len(texts)
    for text, found in zip(texts, words, strict=True):
        assert found.shape == (len(found), 2)
        assert [Span(*offsets) for offsets in found.tolist()] == list(split_words(text))


def test_words_are_found_when_they_are_read_and_once():
    words = SplitWords(["Anna met Tom.", "no"])
    assert words[0] is words[0]


def test_no_words_are_an_array_too():
    assert word_offsets([]).shape == (0, 2)


@given(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("İẞǅ\u0130"), max_size=20))
def test_lower_casing_keeps_every_offset(text: str):
    found = same_length_lower(text)
    assert len(found) == len(text)
    assert all(after in (before, before.lower()) or before == "Σ" for before, after in zip(text, found, strict=True))


def test_spans_overlap_only_if_they_share_a_character():
    assert Span(0, 2).overlaps(Span(1, 3))
    assert not Span(0, 2).overlaps(Span(2, 3))
