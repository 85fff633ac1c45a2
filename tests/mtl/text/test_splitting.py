"""Words of every script, and characters that nobody sees."""

import sys
import unicodedata
from itertools import chain

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from mtl.errors import InputError
from mtl.recipe.choices import WordSplitting
from mtl.text import split_words
from mtl.text import splitting as module
from mtl.text.splitting import is_inside_word, need_splitter, trimmed

INVISIBLE = ["\ufeff", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"]
INVISIBLE += ["\u00ad", "\u2060", "\u061c", "\u034f", "\x00", "\x07", "\x7f", "\u3164"]
RUNS = {
    "chinese": "我在北京大学学习",
    "japanese": "東京タワーへ行く",
    "thai": "ผมรักประเทศไทย",
    "lao": "ຂ້ອຍຮັກປະເທດລາວ",
    "khmer": "ខ្ញុំស្រឡាញ់កម្ពុជា",
    "burmese": "ပြည်ထောင်စု",
}
TEXTS = st.text(
    st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from("ab1 .@_é日ไ" + "".join(INVISIBLE))),
    max_size=20,
)


def cut(text: str, splitting: WordSplitting = WordSplitting.CHARACTERS) -> list[str]:
    return [text[span.start : span.end] for span in split_words(text, splitting)]


@pytest.mark.parametrize("language", RUNS)
def test_a_run_without_spaces_is_split_into_characters_with_their_marks(language: str):
    words = cut(RUNS[language])
    assert "".join(words) == RUNS[language]
    assert len(words) > 3
    assert all(unicodedata.category(word[0])[0] == "L" for word in words)
    assert all(not regex.fullmatch(r"\X", "".join(pair)) for pair in zip(words, words[1:], strict=False))


@pytest.mark.parametrize("language", RUNS)
def test_such_a_run_is_one_word_where_spaces_alone_separate(language: str):
    assert cut(f"a {RUNS[language]}.", WordSplitting.SPACES) == ["a", RUNS[language], "."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我在北京大学学习。", ["我在", "北京", "大学", "学习", "。"]),
        ("東京へ行くA 3", ["東京", "へ", "行く", "A", "3"]),
        ("ผมรักประเทศไทย ok", ["ผม", "รัก", "ประเทศไทย", "ok"]),
        ("𠮷野家 met Anna", ["𠮷", "野家", "met", "Anna"]),
    ],
)
def test_a_dictionary_tells_the_words_of_a_run(text: str, words: list[str]):
    assert cut(text, WordSplitting.ICU) == words


def test_without_its_library_a_dictionary_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "icu4py.breakers", None)
    module._word_breaker.cache_clear()
    with pytest.raises(InputError, match="words: icu needs the library icu4py: pip install icu4py"):
        need_splitter(WordSplitting.ICU)
    need_splitter(WordSplitting.CHARACTERS)


@pytest.mark.parametrize("splitting", WordSplitting)
@pytest.mark.parametrize("sign", INVISIBLE, ids=ascii)
def test_what_nobody_sees_is_no_word_and_splits_none(sign: str, splitting: WordSplitting):
    assert cut(sign, splitting) == []
    assert cut(f"{sign}Anna{sign} {sign} met {sign}.", splitting) == ["Anna", "met", "."]
    assert cut(f"Lon{sign}don", splitting) == [f"Lon{sign}don"]


@pytest.mark.parametrize("sign", ["👨‍👩‍👧", "🇩🇪", "❤️", "👍🏽", "=\u0338"])
def test_a_sign_of_several_characters_is_one_word(sign: str):
    assert cut(f"ok{sign}{sign}") == ["ok", sign, sign]


@pytest.mark.parametrize("splitting", WordSplitting)
@given(text=TEXTS)
def test_no_word_begins_with_what_nobody_sees_and_none_is_lost(splitting: WordSplitting, text: str):
    words = cut(text, splitting)
    unseen = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}\p{Cc}]")
    assert not any(unseen.match(word) for word in words)
    seen = [c for c in text if not unseen.match(c)]
    assert [c for c in chain.from_iterable(words) if not unseen.match(c)] == seen


@pytest.mark.parametrize("splitting", WordSplitting)
def test_plain_characters_are_split_by_either_library_alike(splitting: WordSplitting):
    plain = [chr(c) for c in range(0x3000) if module._IS_PLAIN.fullmatch(chr(c))]
    assert len(plain) > 800
    text = " ".join(f"{c} a{c}b {c}{c} 1{c}" for c in plain)
    assert cut(text, splitting) == [match.group() for match in module._PATTERNS[splitting].finditer(text)]


@pytest.mark.parametrize("splitting", WordSplitting)
@given(text=st.text("a1é_@. -", max_size=12))
def test_handles_are_found_by_either_library_alike(splitting: WordSplitting, text: str):
    assert module._IS_PLAIN.fullmatch(text)
    assert cut(text, splitting) == [match.group() for match in module._PATTERNS[splitting].finditer(text)]


@given(text=TEXTS)
def test_a_place_is_inside_of_a_word_where_a_word_goes_on(text: str):
    seen = regex.compile(r"[[\p{M}]]|\p{Default_Ignorable_Code_Point}|\p{Cc}")
    inside = {at for span in split_words(text) for at in range(span.start + 1, span.end)}
    found = {at for at in range(len(text)) if is_inside_word(text, at)}
    assert {at for at in inside ^ found if not (seen.match(text[at]) or seen.match(text[at - 1]))} == set()


@pytest.mark.parametrize("splitting", WordSplitting)
@pytest.mark.parametrize(
    "text", ["北\ufe0f京", "葛\U000e0100城市", "-\u034f", ".\U000e0061", "a\ufe0f", "$\u200d", "กำ\ufe0f"], ids=ascii
)
def test_no_word_but_an_emoji_ends_with_what_nobody_sees(text: str, splitting: WordSplitting):
    unseen = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cc}]")
    assert not any(unseen.match(word[-1]) for word in cut(text, splitting))
    assert cut("☎\ufe0f", splitting) == ["☎\ufe0f"]


@pytest.mark.parametrize(
    ("text", "at", "inside"),
    [
        ("Anna", 2, True),
        ("Anna met", 4, False),
        ("Anna.", 4, False),
        ("東京", 1, False),
        ("e\u0301t", 1, True),
        ("👍🏽", 1, True),
        ("a東", 1, False),
        ("Anna", 0, False),
        ("Anna", 4, False),
        ("ask @an_b", 5, True),
        ("ask @an_b", 8, True),
        ("ask @an_b", 4, False),
        ("ask @an_b?", 9, False),
        ("ask@an_b", 4, False),
        ("@an_b to_c", 8, False),
    ],
)
def test_places_inside_of_words(text: str, at: int, inside: bool):
    assert is_inside_word(text, at) is inside


@given(TEXTS, TEXTS)
def test_a_trimmed_stretch_has_what_is_seen_of_it(before: str, stretch: str):
    start, end = trimmed(before + stretch, len(before), len(before + stretch))
    words = cut(stretch, WordSplitting.SPACES)
    found = (before + stretch)[start:end]
    assert found.startswith(words[0]) and found.endswith(words[-1]) if words else found == ""
