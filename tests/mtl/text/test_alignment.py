"""Words and their first sub-words, whatever the tokenizer."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from mtl.encoder import load_backbone
from mtl.text import Span, SplitWords, split_words, word_offsets
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer
from tests.mtl.text.generated import LONG_TEXTS, TEXTS
from tests.mtl.text.reference import Reference
from tests.tiny import ARCHITECTURES, MAX_TOKENS

EXAMPLES = {
    "plain": "Anna visited the old hotel.",
    "accents": "Zoë née Müller, Zürich",
    "combining": "cafe\u0301 Zu\u0308rich is good",
    "emoji": "good 🙂👍🏽 film👩‍👩‍👧 very",
    "cjk": "东京 is 大阪 と京都",
    "blanks": "  Anna\t\tmet \r\n Tom\u00a0Li  ",
    "dots": "wait... what?! (no)",
    "contraction": "didn't Tom's O'Neil U.S. 3,000",
    "control": "Anna\x07 met\x00 Tom\u200b Li",
    "mixed": "İstanbul ﬁlm ½ ㎏ ﷺ",
    "marks at a sentence's begin": "anna met tom in rome\n" * 2
    + "\u0301\u0308\u0301\u0308\u0301rome is very very good",
}
EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
LENGTHS = st.sampled_from([8, 13, 32])  # tokens
TokenizerOf = Callable[..., WindowTokenizer]
ReferenceOf = Callable[[str], Reference]


def placed(texts: TokenizedTexts, text: int) -> list[tuple[int, int]]:
    """For the words of a text in order: the window, from the text's first, and the token in it."""
    begin, end = texts.sentences[text].tolist()
    found = texts.source.select(np.arange(begin, end))
    windows = np.repeat(np.arange(end - begin), found.word_counts)
    return list(zip(windows.tolist(), found.first_tokens.tolist(), strict=True))


@EACH
@settings(max_examples=15)
@given(st.lists(st.one_of(TEXTS, LONG_TEXTS), min_size=1, max_size=3), LENGTHS)
@example(list(EXAMPLES.values()), 8)
@example(list(EXAMPLES.values()), MAX_TOKENS)
def test_every_word_is_placed_once_at_the_first_token_that_shares_a_character_with_it(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, given_texts: list[str], length: int
):
    found = tokenizer_of(architecture, max_length=length)(given_texts, SplitWords(given_texts))
    for i, text in enumerate(given_texts):
        windows = reference_of(architecture).sentences(text, max_length=length)
        words, places = split_words(text), placed(found, i)
        assert places == sorted(places)  # words are in order
        for word, (window, token) in zip(words, places, strict=False):
            first = windows[window].first_in(word.start, word.end)
            if first is None:  # a word that the tokenizer dropped: no window has a token of it
                assert all(one.first_in(word.start, word.end) is None for one in windows)
                assert 0 <= token < len(windows[window].ids)
            else:
                assert token == first
        # What is left out at the end has no token anywhere.
        for word in words[len(places) :]:
            assert all(one.first_in(word.start, word.end) is None for one in windows)


@EACH
@settings(max_examples=15)
@given(st.one_of(TEXTS, LONG_TEXTS), LENGTHS)
@example("doctor " * 100, MAX_TOKENS)
def test_words_of_a_text_that_is_cut_are_those_up_to_its_last_token(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, text: str, length: int
):
    found = tokenizer_of(architecture, max_length=length, cut=True)([text], SplitWords([text]))
    window = reference_of(architecture).cut(text, max_length=length)
    firsts = [window.first_in(word.start, word.end) for word in split_words(text)]
    count = max((i + 1 for i, first in enumerate(firsts) if first is not None), default=0)
    places = placed(found, 0)
    assert len(places) == count
    assert all(first in (None, token) for first, (_, token) in zip(firsts, places, strict=False))


@EACH
def test_a_whole_word_maps_to_its_piece(tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str):
    text = "the doctor met the bankers"
    found = tokenizer_of(architecture).store([text], SplitWords([text])).stored
    pieces = reference_of(architecture).backend.convert_ids_to_tokens(found.ids[found.first_tokens].tolist())
    stems = [piece.lstrip("Ġ\u2581") for piece in pieces]
    assert all(word.startswith(stem) for word, stem in zip(text.split(), stems, strict=True))
    assert pieces[1].endswith("doctor")


def test_in_a_sentence_longer_than_a_window_a_word_has_company_on_both_sides(tokenizer_of: TokenizerOf):
    text = "the old doctor met anna in rome and " * 30  # one sentence without an end
    found = tokenizer_of("bert")([text], SplitWords([text]))
    begin, end = found.sentences[0].tolist()
    places = placed(found, 0)
    assert len(places) == len(split_words(text))
    assert end - begin > 3
    for window, token in places:
        assert token > 4 or window == 0
        assert token < found.lengths[begin + window] - 4 or begin + window == end - 1


def test_words_that_share_one_token_share_it(tokenizer_of: TokenizerOf):
    found = tokenizer_of("bert").store(["doctor"], [word_offsets([Span(0, 3), Span(3, 6)])])
    assert found.stored.first_tokens.tolist() == [1, 1]


def test_a_word_without_a_token_has_that_of_its_neighbour(tokenizer_of: TokenizerOf):
    text = "\x07 anna \x07 tom \x07"
    words = [Span(at, at + len(word)) for at, word in ((0, "."), (2, "anna"), (7, "."), (9, "tom"), (13, "."))]
    found = tokenizer_of("bert").store([text], [word_offsets(words)])
    assert found.stored.first_tokens.tolist() == [1, 1, 1, 2]  # the last one is left out


def test_lower_casing_keeps_every_offset(backbone_folder):
    plain = load_backbone(str(backbone_folder("roberta"))).tokenizer
    lowering = WindowTokenizer(
        Tokenizer.from_str(plain.to_json()), plain.config.model_copy(update={"lower_case": True})
    )
    text, lowered = "İİ ANNA met Tom", "İİ anna met tom"
    words = SplitWords([text])
    found, expected = lowering.store([text], words), plain.store([lowered], words)
    assert found.stored.ids.tolist() == expected.stored.ids.tolist()
    assert found.stored.first_tokens.tolist() == expected.stored.first_tokens.tolist()
    anna = lowering.subwords(text)[found.stored.first_tokens[1]]
    assert text[anna.start : anna.end] == "ANNA"
