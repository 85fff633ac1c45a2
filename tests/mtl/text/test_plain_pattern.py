import re

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from mtl.recipe.choices import WordSplitting
from mtl.text.plain_pattern import plain_pattern
from mtl.text.splitting import PATTERNS
from tests.mtl.inference.engines import TEXTS

CHARACTERS = WordSplitting.CHARACTERS

# Characters that join, extend or hide others, and some that they stand beside.
_AWKWARD = "a1ßé_@-\u0301\u0308\u200b\u200d\ufe0f\u00ad\u2060🙂👩🏽🇩🇪🇫©™字ﾞกำ្ក္က\u0903\u0e33 \t\u3000'"


@pytest.mark.parametrize("splitting", WordSplitting)
@given(text=st.text(st.one_of(st.sampled_from(_AWKWARD), st.characters(exclude_categories=["Cs"])), max_size=30))
@example(text="".join(TEXTS.values()))
@example(text="🇩🇪🇫🇷🇺 👩\u200d👩\u200d👧🏽\u0301 🙂\u200d🙂")
def test_the_standard_library_finds_the_words_that_regex_finds(splitting: WordSplitting, text: str):
    expected = [match.span() for match in regex.finditer(PATTERNS[splitting], text, flags=regex.V1)]
    assert [match.span() for match in re.finditer(plain_pattern(splitting), text)] == expected


def test_characters_of_every_block_are_words_for_both_or_for_neither():
    text = "\n".join(chr(code) for code in range(0, 0x110000, 7) if not 0xD800 <= code < 0xE000)
    expected = [match.span() for match in regex.finditer(PATTERNS[CHARACTERS], text, flags=regex.V1)]
    assert [match.span() for match in re.finditer(plain_pattern(CHARACTERS), text)] == expected
