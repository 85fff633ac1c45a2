"""Windows of tokens against the tokenizers of transformers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from mtl.recipe.choices import LongTexts
from mtl.text import SplitWords, storing
from mtl.text.alignment import WindowArrays
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer
from tests.mtl.text.generated import LONG_TEXTS, TEXTS
from tests.mtl.text.reference import Reference
from tests.tiny import ARCHITECTURES, MAX_TOKENS, SPECIAL_TOKENS

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)
ANY = st.one_of(TEXTS, LONG_TEXTS)
LENGTHS = st.sampled_from([8, 13, 32])  # tokens
SOME = settings(max_examples=12)
TokenizerOf = Callable[..., WindowTokenizer]
ReferenceOf = Callable[[str], Reference]


def ids_of(texts: TokenizedTexts, window: int) -> list[int]:
    return texts.source.select(np.array([window])).ids.tolist()


def assert_equal(found: WindowArrays, expected: WindowArrays) -> None:
    for name in ("ids", "token_starts", "first_tokens", "word_starts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), strict=True)
    assert (found.type_ids is None) == (expected.type_ids is None)
    if found.type_ids is not None:
        np.testing.assert_array_equal(found.type_ids, expected.type_ids)


@EACH
@SOME
@given(st.lists(ANY, max_size=3), LENGTHS)
def test_passages_are_the_overlapping_windows_of_the_reference(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, given_texts: list[str], length: int
):
    found = tokenizer_of(architecture, max_length=length)(given_texts)
    assert len(found) == len(given_texts)
    for text, (begin, end) in zip(given_texts, found.passages.tolist(), strict=True):
        expected = reference_of(architecture).windows(text, max_length=length)
        assert [ids_of(found, window) for window in range(begin, end)] == [window.ids for window in expected]
        assert found.follows[begin:end].tolist() == [False] + [True] * (len(expected) - 1)
    assert found.cut_at == {}


@EACH
@SOME
@given(st.lists(ANY, max_size=3), LENGTHS)
def test_the_count_of_tokens_is_that_of_the_windows_of_the_reference(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, given_texts: list[str], length: int
):
    windows = [w for text in given_texts for w in reference_of(architecture).windows(text, max_length=length)]
    assert tokenizer_of(architecture, max_length=length).count(given_texts) == sum(len(w.ids) for w in windows)


@EACH
@SOME
@given(ANY, LENGTHS)
def test_words_are_read_in_the_windows_of_each_sentence(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, text: str, length: int
):
    found = tokenizer_of(architecture, max_length=length)([text], SplitWords([text]))
    expected = reference_of(architecture).sentences(text, max_length=length)
    begin, end = found.sentences[0].tolist()
    assert [ids_of(found, window) for window in range(begin, end)] == [window.ids for window in expected]
    # Without words nothing is read a second time.
    assert len(tokenizer_of(architecture, max_length=length)([text]).lengths) == found.window_counts[0]


@EACH
@SOME
@given(ANY, LENGTHS)
def test_tokens_and_their_characters_are_those_of_the_reference(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, text: str, length: int
):
    reference = reference_of(architecture)
    for cut, expected in (
        (True, [reference.cut(text, max_length=length)]),
        (False, reference.windows(text, max_length=length)),
    ):
        found = tokenizer_of(architecture, max_length=length, cut=cut).subwords(text)
        assert [(one.start, one.end) for one in found] == [o for window in expected for o in window.offsets]
        pieces = reference.backend.convert_ids_to_tokens([i for window in expected for i in window.ids])
        assert [one.piece for one in found] == pieces


@EACH
@SOME
@given(ANY, LENGTHS)
def test_the_tokens_that_windows_own_are_those_of_the_text_each_once(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, text: str, length: int
):
    found = tokenizer_of(architecture, max_length=length)([text], SplitWords([text]))
    whole = reference_of(architecture).whole(text)
    assert found.tokens.tolist() == [len(whole.ids)]
    begin, end = found.passages[0].tolist()
    assert found.owned[begin:end].sum() == len(whole.ids)
    assert not found.owned[end:].any()
    # What a window owns stands at its end: one after the other they are the text.
    special = reference_of(architecture).special_count
    inside = reference_of(architecture).windows(text, max_length=length)
    owned = [
        token
        for window, count in zip(inside, found.owned[begin:end].tolist(), strict=True)
        for token in [o for o in window.offsets if o[1]][-(count - special if window is inside[0] else count) :]
    ]
    assert owned == [o for o in whole.offsets if o[1]] or special == len(whole.ids)
    assert found.shares[begin:end].sum() == pytest.approx(1)
    np.testing.assert_allclose(found.shares[begin:end], found.owned[begin:end] / len(whole.ids), rtol=1e-6)


@EACH
@SOME
@given(st.lists(ANY, max_size=5), LENGTHS, st.booleans(), st.booleans())
def test_stored_windows_are_those_of_a_call_and_chunks_change_nothing(
    tokenizer_of: TokenizerOf, architecture: str, given_texts: list[str], length: int, worded: bool, cut: bool
):
    tokenizer = tokenizer_of(architecture, max_length=length, cut=cut)
    words = SplitWords(given_texts) if worded else None
    lazy, stored = tokenizer(given_texts, words), tokenizer.store(given_texts, words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing, "CHUNK", 2)
        chunked = tokenizer.store(given_texts, words)
    rows = np.arange(len(lazy.lengths))
    for other in (stored, chunked):
        assert_equal(other.stored, lazy.source.select(rows))
        assert other.cut_at == lazy.cut_at
        for name in ("passages", "sentences", "lengths", "owned", "follows", "tokens", "window_counts", "shares"):
            np.testing.assert_array_equal(getattr(other, name), getattr(lazy, name))
    assert stored.stored.token_counts.tolist() == lazy.lengths.tolist()


@EACH
@SOME
@given(st.data(), st.lists(ANY, min_size=1, max_size=4))
def test_a_batch_of_any_windows_is_each_window_padded(
    tokenizer_of: TokenizerOf, architecture: str, data: st.DataObject, given_texts: list[str]
):
    tokenizer = tokenizer_of(architecture, max_length=13)
    lazy, stored = (read(given_texts, SplitWords(given_texts)) for read in (tokenizer, tokenizer.store))
    rows = data.draw(st.lists(st.integers(0, len(lazy.lengths) - 1), min_size=1, max_size=6))
    for texts in (lazy, stored):
        batch = texts.batch(rows)
        assert batch.rows.tolist() == rows
        for i, row in enumerate(rows):
            alone = texts.source.select(np.array([row]))
            count, words = len(alone.ids), len(alone.first_tokens)
            padding = [tokenizer.config.pad_id] * (batch.ids.shape[1] - count)
            assert batch.ids[i].tolist() == alone.ids.tolist() + padding
            assert batch.mask[i].tolist() == [1] * count + [0] * (batch.ids.shape[1] - count)
            assert not batch.type_ids[i].any()
            assert batch.word_counts[i] == words
            first = batch.first_tokens[i].tolist()
            assert first == alone.first_tokens.tolist() + [0] * (len(first) - words)
        assert batch.ids.shape[1] == max(texts.lengths[rows])


@EACH
@SOME
@given(st.lists(ANY, max_size=3), LENGTHS)
def test_a_text_that_is_cut_has_the_tokens_that_fit(
    tokenizer_of: TokenizerOf, reference_of: ReferenceOf, architecture: str, given_texts: list[str], length: int
):
    found = tokenizer_of(architecture, max_length=length, cut=True)(given_texts, SplitWords(given_texts))
    assert found.window_counts.tolist() == [1] * len(given_texts)
    for i, text in enumerate(given_texts):
        expected = reference_of(architecture).cut(text, max_length=length)
        whole = reference_of(architecture).whole(text)
        assert ids_of(found, i) == expected.ids
        assert found.tokens[i] == len(expected.ids)
        read = max(end for _, end in expected.offsets)
        if len(whole.ids) == len(expected.ids) or not text[read:].strip():
            assert i not in found.cut_at
        else:
            assert found.cut_at[i] >= read
            assert text[read : found.cut_at[i]].strip() == ""
            assert not text[found.cut_at[i]].isspace()


@EACH
@pytest.mark.parametrize(("over", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_text_is_split_or_cut_only_where_it_does_not_fit(
    tokenizer_of: TokenizerOf, architecture: str, over: int, fits: bool
):
    text = "the" + " doctor" * (MAX_TOKENS - SPECIAL_TOKENS[architecture] + over - 1)
    assert tokenizer_of(architecture)([text]).window_counts.tolist() == [1 if fits else 2]
    cut = tokenizer_of(architecture, cut=True)([text])
    assert cut.cut_at == ({} if fits else {0: len(text) - len("doctor")})


@EACH
def test_what_did_not_fit_begins_where_the_first_lost_word_does(tokenizer_of: TokenizerOf, architecture: str):
    text = "doctor " * 100
    (words,) = SplitWords([text])
    found = tokenizer_of(architecture, cut=True).store([text], [words])
    kept = int(found.word_counts[0])
    assert 0 < kept < 100
    assert found.cut_at == {0: words[kept, 0]}


@EACH
def test_white_space_that_does_not_fit_is_no_loss(tokenizer_of: TokenizerOf, architecture: str):
    text = "the" + " doctor" * (MAX_TOKENS - SPECIAL_TOKENS[architecture] - 1) + "  \n "
    assert tokenizer_of(architecture, cut=True)([text]).cut_at == {}


@EACH
@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_text_is_a_window_of_special_tokens_without_words(
    tokenizer_of: TokenizerOf, architecture: str, text: str
):
    found = tokenizer_of(architecture).store([text], SplitWords([text]))
    assert found.tokens[0] >= SPECIAL_TOKENS[architecture]
    assert found.word_counts.tolist() == [0]
    assert found.cut_at == {}


@pytest.mark.parametrize("store", [False, True])
def test_no_texts_give_no_windows(tokenizer_of: TokenizerOf, store: bool):
    tokenizer = tokenizer_of("bert")
    found = tokenizer.store([], []) if store else tokenizer([], [])
    assert (len(found), found.lengths.shape, found.passages.shape) == (0, (0,), (0, 2))
    assert len(found.source.select(np.arange(0)).ids) == 0


def test_texts_without_words_keep_their_windows(tokenizer_of: TokenizerOf):
    given_texts = ["anna met tom", "the old hotel " * 30]
    found = tokenizer_of("bert").store(given_texts, SplitWords(given_texts))
    bare = found.without_words()
    assert not bare.word_counts.any()
    assert bare.stored.ids is found.stored.ids
    assert bare.batch([0]).first_tokens.shape == (1, 1)


def test_another_way_to_read_long_texts_is_another_tokenizer(tokenizer_of: TokenizerOf):
    tokenizer = tokenizer_of("bert", max_length=8)
    assert tokenizer.with_long_texts(LongTexts.WINDOWS) is tokenizer
    cut = tokenizer.with_long_texts(LongTexts.CUT)
    text = "the doctor met anna in the old hotel"
    assert cut([text]).window_counts.tolist() == [1]
    assert tokenizer([text]).window_counts.tolist() == [2]
    assert (cut.max_length, cut.config.pad_id) == (8, tokenizer.config.pad_id)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "deberta", "t5"])
def test_a_special_token_that_somebody_typed_is_text(tokenizer_of: TokenizerOf, architecture: str):
    tokenizer = tokenizer_of(architecture)
    backend = Tokenizer.from_str(tokenizer.to_json())
    specials = [token.content for token in backend.get_added_tokens_decoder().values() if token.special]
    assert specials
    for special in specials:
        own = tokenizer.store([""]).stored.ids.tolist()
        found = tokenizer.store([f"anna {special} tom"]).stored.ids.tolist()
        assert found.count(backend.token_to_id(special)) == own.count(backend.token_to_id(special)), special
