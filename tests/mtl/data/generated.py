"""Labels and examples of every shape, for tests that hold for any of them."""

import regex
from hypothesis import strategies as st

from mtl.data import LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.text import Span, WordedText, split_words

NASTY = (
    "-", "--", "-A", "A-", "-A-", "A-B", "O", "B-", "I-", "B-A", "I-A", "B-O", "nan", "None", "null", "true", "1e5",
    "007", "a b", "a,b", 'say "it"', "it's", "a|b", "a/b", "/", "f1/x", "a\nb", "a\tb", "a\r\nb", "`x`", "*x*",
    "[x](y)", "# x",
    "<b>x</b>", "<script>alert(1)</script>", "&lt;", "&", "{x}", "%s", "%{y}", "\\", "\\n", "$x$",
    "_", ".", "..", "😀", "日本語", "e\u0301", "é", "ẞ", "\u200b", "x" * 300, "\u202ex", "A", "a",
)  # fmt: skip
"""Labels that have a meaning to something on their way: tags, tables, Markdown, HTML, paths, formats."""

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
labels = st.sampled_from(NASTY) | texts.map(str.strip)
"""As a reader gives them: not blank at either end, any character but lone surrogates."""


def label_sets(*, min_size: int = 1) -> st.SearchStrategy[list[str]]:
    """Distinct labels of one task."""
    return st.lists(labels, min_size=min_size, max_size=6, unique=True)


SEEN = regex.compile(r"(?V1)[\S--[\p{Default_Ignorable_Code_Point}\p{Cc}]]")


@st.composite
def taggings(draw: st.DrawFn, types: list[str], length: int) -> tuple[str, ...]:
    """Legal BIO2 tags of so many words."""
    tags: list[str] = []
    for _ in range(length):
        inside = ["I" + tags[-1][1:]] if tags and tags[-1] != "O" else []
        tags.append(draw(st.sampled_from(["O", *(f"B-{name}" for name in types), *inside])))
    return tuple(tags)


@st.composite
def tagged_texts(draw: st.DrawFn) -> TaggedText:
    """Any text and any disjoint words of it, such as no rule would make, or those that `split_words` makes."""
    text = draw(texts)
    if draw(st.booleans()):
        words = split_words(text)
    else:
        ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
        words = tuple(Span(*pair) for pair in zip(ends[::2], ends[1::2], strict=False))
        if draw(st.booleans()):  # words that touch
            words = tuple(Span(*pair) for pair in zip(ends, ends[1:], strict=False))
    example = TaggedText(WordedText(text, words), draw(taggings(draw(label_sets()), len(words))))
    seen = all(SEEN.search(text[span.start : span.end]) for span in example.char_spans())
    return example if seen else TaggedText(example.worded, ("O",) * len(words))  # what nobody sees is no entity


examples = {
    "classification": st.builds(LabelledText, texts, labels),
    "multi-label": st.builds(
        MultiLabelText, texts, st.lists(labels, max_size=4, unique=True).map(lambda found: tuple(sorted(found)))
    ),
    "tagging": tagged_texts(),
    "similarity": st.builds(ScoredPair, texts, texts, st.floats(0, 1)),
}
