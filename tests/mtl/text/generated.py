"""Texts of every kind, short and long, for properties that hold for any text."""

from hypothesis import strategies as st

from tests.tiny import WORDS

_TIMES = st.integers(2, 30)
_PARTS = st.one_of(
    st.sampled_from([word + " " for word in WORDS]),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=4),
    st.sampled_from(["🙂", "👋🏽", "👩‍👩‍👧 ", "𝔗om", "🇩🇪"]),
    st.sampled_from(["\x00", "\x07", "\x7f", "\u200b", "\ufeff", "\u0301", "\u0301\u0308\u0301\u0308\u0301"]),
    st.sampled_from(["东京", "。", "安娜来了。", "大阪と", "！"]),
    st.sampled_from([" ", "  ", "\n", "\t\r\n", "\u00a0", "\u3000"]),
    st.sampled_from([". ", "! Anna ", "? ", "...", '." Tom ', "U.S. ", "İ", "ﬁ", "½"]),
    st.builds(lambda word, times: word * times, st.sampled_from(["a", "doctor", "river ", "é", "=", "ing "]), _TIMES),
)
TEXTS = st.lists(_PARTS, max_size=12).map("".join)
"""Texts of a few words, at most of some tens of tokens."""

LONG_TEXTS = st.lists(TEXTS.filter(bool), min_size=3, max_size=12).map(". ".join)
"""Texts that are many times as long as a window, of one sentence or several."""
