"""Words and spans of a text as the browser takes them: spans are `[first word, last word, type]`."""

from collections.abc import Sequence
from typing import Any

from demo.assets import ASSETS
from mtl.labels import TypedSpan
from mtl.text import split_words

SCRIPT = (ASSETS / "editor" / "words.js").read_text(encoding="utf-8")
"""Selects words and gives them types; it goes before the script of a component that uses it."""


def words_of(text: str) -> dict[str, Any]:
    """The words of a text, what stands before the first and after each."""
    words = split_words(text)
    ends = [word.start for word in words[1:]] + [len(text)]
    return {
        "lead": text[: words[0].start] if words else text,
        "words": [text[word.start : word.end] for word in words],
        "gaps": [text[word.end : end] for word, end in zip(words, ends, strict=True)],
    }


def in_words(text: str, found: Sequence[TypedSpan]) -> list[tuple[int, int, str]]:
    """Spans by the words that they touch; of two that share a word the first is kept."""
    words = split_words(text)
    spans: list[tuple[int, int, str]] = []
    for one in sorted(found, key=lambda span: span.start):
        inside = [i for i, word in enumerate(words) if word.start < one.end and one.start < word.end]
        if inside and (not spans or inside[0] > spans[-1][1]):
            spans.append((inside[0], inside[-1], one.label))
    return spans


def spans_from(text: str, spans: Any) -> list[TypedSpan]:  # noqa: ANN401
    """Spans as offsets of the text, from what a browser sent; anything else is ignored."""
    words = split_words(text)
    found: list[TypedSpan] = []
    for span in spans if isinstance(spans, list) else []:
        match span:
            case [int(first), int(last), str(label)] if 0 <= first <= last < len(words):
                found.append(TypedSpan(words[first].start, words[last].end, label))
    return found
