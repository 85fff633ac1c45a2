"""Words and their first sub-words, whatever the tokenizer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mtl.encoder.tokens import pad_rows

from mtl.encoder import Tokenizer, load_backbone
from mtl.text import Span, split_words
from tests.tiny import ARCHITECTURES, MAX_TOKENS, SPECIAL_TOKENS

TEXTS = {
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
}
EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)


@pytest.fixture(scope="module")
def tokenizer_of(backbone_folder: Callable[[str], Path]) -> Callable[[str], Tokenizer]:
    return lambda architecture: load_backbone(str(backbone_folder(architecture))).tokenizer


@EACH
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_words_first_token_is_the_first_that_shares_a_character_with_it(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str, text: str
):
    words = split_words(text)
    tokens = tokenizer_of(architecture)([text])[0].with_words(words)
    assert len(tokens.first_tokens) == len(words)
    for word, first in zip(words, tokens.first_tokens, strict=True):
        sharing = [i for i, (start, end) in enumerate(tokens.offsets) if max(start, word.start) < min(end, word.end)]
        if sharing:
            assert first == sharing[0]


@EACH
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_no_word_of_a_short_text_is_lost_before_its_last_known_one(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str, text: str
):
    tokens = tokenizer_of(architecture)([text])[0].with_words(split_words(text))
    known = [first for first in tokens.first_tokens if first >= 0]
    assert tokens.first_tokens[: len(known)] == tuple(known)
    assert known == sorted(known)


@EACH
def test_a_whole_word_maps_to_its_piece(tokenizer_of: Callable[[str], Tokenizer], architecture: str):
    tokenizer = tokenizer_of(architecture)
    text = "the doctor met the bankers"
    tokens = tokenizer([text])[0].with_words(split_words(text))
    pieces = tokenizer.backend.convert_ids_to_tokens([tokens.ids[i] for i in tokens.first_tokens])
    stems = [piece.lstrip("Ġ\u2581") for piece in pieces]
    assert all(word.startswith(stem) for word, stem in zip(text.split(), stems, strict=True))
    assert pieces[1].endswith("doctor")


@EACH
def test_words_beyond_the_length_have_no_token(tokenizer_of: Callable[[str], Tokenizer], architecture: str):
    text = "doctor " * 100
    tokens = tokenizer_of(architecture)([text])[0].with_words(split_words(text))
    assert len(tokens) == MAX_TOKENS
    kept = sum(first >= 0 for first in tokens.first_tokens)
    assert 0 < kept < 100
    assert set(tokens.first_tokens[kept:]) == {-1}


@EACH
def test_what_did_not_fit_begins_where_the_first_lost_word_does(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str
):
    text = "doctor " * 100
    words = split_words(text)
    tokens = tokenizer_of(architecture)([text])[0].with_words(words)
    assert tokens.cut_at == words[tokens.first_tokens.index(-1)].start


@EACH
@pytest.mark.parametrize(("over", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_text_is_cut_only_where_it_does_not_fit(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str, over: int, fits: bool
):
    text = "the" + " doctor" * (MAX_TOKENS - SPECIAL_TOKENS[architecture] + over - 1)
    tokens = tokenizer_of(architecture)([text])[0]
    assert tokens.cut_at == (None if fits else len(text) - len("doctor"))


@EACH
def test_white_space_that_does_not_fit_is_no_loss(tokenizer_of: Callable[[str], Tokenizer], architecture: str):
    text = "the" + " doctor" * (MAX_TOKENS - 3) + "  \n "
    assert tokenizer_of(architecture)([text])[0].cut_at is None


@EACH
def test_a_batch_is_padded_on_the_right_with_the_padding_token(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str
):
    tokenizer = tokenizer_of(architecture)
    texts = ["the doctor", "the old doctor met anna"]
    batch = tokenizer.pad(tokenizer(texts))
    for row, text in enumerate(texts):
        ids = tokenizer.backend(text)["input_ids"]
        assert batch.ids[row].tolist() == ids + [tokenizer.backend.pad_token_id] * (batch.ids.shape[1] - len(ids))
        assert batch.mask[row].tolist() == [1] * len(ids) + [0] * (batch.ids.shape[1] - len(ids))


@EACH
@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_text_has_its_special_tokens_and_no_words(
    tokenizer_of: Callable[[str], Tokenizer], architecture: str, text: str
):
    tokens = tokenizer_of(architecture)([text])[0].with_words(split_words(text))
    assert len(tokens) >= SPECIAL_TOKENS[architecture]
    assert tokens.first_tokens == ()
    assert tokens.cut_at is None


def test_words_are_masked_where_a_row_has_fewer(tiny_bert: Path):
    tokenizer = load_backbone(str(tiny_bert)).tokenizer
    texts = ["the doctor", "hi", ""]
    batch = tokenizer.pad([t.with_words(split_words(text)) for t, text in zip(tokenizer(texts), texts, strict=True)])
    assert batch.word_mask.tolist() == [[True, True], [True, False], [False, False]]


def test_no_texts_give_no_tokens(tiny_bert: Path):
    assert load_backbone(str(tiny_bert)).tokenizer([]) == []


def test_words_that_share_one_token_share_it(tiny_bert: Path):
    tokenizer = load_backbone(str(tiny_bert)).tokenizer
    tokens = tokenizer(["doctor"])[0].with_words([Span(0, 3), Span(3, 6)])
    assert tokens.first_tokens == (1, 1)


def test_lower_casing_keeps_every_offset(tiny_bert: Path):
    backend = load_backbone(str(tiny_bert)).tokenizer.backend
    text = "İİ ANNA met Tom"
    tokens = Tokenizer(backend, max_length=MAX_TOKENS, lower_case=True)([text])[0].with_words(split_words(text))
    anna = tokens.offsets[tokens.first_tokens[1]]
    assert text[anna[0] : anna[1]] == "ANNA"


@pytest.mark.parametrize("rows", [[(1, 2, 3), (), (4,)], [()], [(5,)], [(), ()]])
def test_rows_are_filled_up_on_the_right(rows: list[tuple[int, ...]]):
    length = max(1, *(len(row) for row in rows), 0)
    expected = [[*row, *([-1] * (length - len(row)))] for row in rows]
    assert pad_rows(rows, -1).tolist() == expected
