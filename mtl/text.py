"""Words in raw text and in tokenised corpora, seen in one way.

A corpus gives words, a person types a string. Both become a text with word offsets, and both are cut
into the same units by `split_words`, so that a tagger meets in use what it met in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import regex

_UNIT = regex.compile(r"[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]")
_SURROGATE = regex.compile(r"[\ud800-\udfff]")

_SENTENCE_END = regex.compile(  # possessive, and never begun inside a run: linear in any text
    r"(?<![.!?…])(?P<mark>[.!?…]++)[\"'”’»)\]]*+\s++(?=[\"'“‘«(\[]*+[\p{Lu}\p{N}\p{Lo}])"
    r"|(?<![。！？])[。！？]++[”’」』）]*+\s*+|\n\s*+"
)
_ABBREVIATED = (
    "mr mrs ms dr prof st jr sr vs etc inc ltd co corp gen sen rep gov lt col capt sgt rev hon fig vol ed al approx "
    "dept est mt ft jan feb mar apr jun jul aug sep sept oct nov dec"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LONGEST = 20  # characters of an abbreviation, dots and brackets included

_NO_SPACE_BEFORE = frozenset(".,!?;:%)]}…’”»") | frozenset({"...", "..", "!!", "??", "?!", "!!!", "???"})
_NO_SPACE_AFTER = frozenset("([{$£€#@“‘«")
_CONTRACTIONS = frozenset({"n't", "n’t", "'s", "’s", "'re", "’re", "'ve", "’ve", "'ll", "’ll", "'d", "’d", "'m", "’m"})


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text: Python string offsets, `end` exclusive."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share at least one character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class WordedText:
    """A text and the words that somebody cut it into, in order and disjoint."""

    text: str
    words: tuple[Span, ...]


def clean(text: str) -> str:
    """Replace lone surrogates, which no encoder and no JSON reader accepts, by U+FFFD; offsets stay as they were."""
    return _SURROGATE.sub("\ufffd", text)


def same_length_lower(text: str) -> str:
    """The text in lower case, but for characters whose lower case is longer; offsets stay as they were."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def split_words(text: str) -> tuple[Span, ...]:
    """Cut a text into runs of letters, digits and marks, and single other characters; white space separates."""
    return tuple(Span(*match.span()) for match in _UNIT.finditer(text))


class SplitWords(Sequence[tuple[Span, ...]]):
    """The words of texts, those of each cut when they are first asked for.

    Args:
        texts: to be cut by `split_words`.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._words: list[tuple[Span, ...] | None] = [None] * len(texts)

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> tuple[Span, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[Span, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[Span, ...] | list[tuple[Span, ...]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        words = self._words[index]
        if words is None:
            words = self._words[index] = split_words(self._texts[index])
        return words


def split_sentences(text: str) -> tuple[Span, ...]:
    """Cut a text after sentence ends and at line breaks; the sentences cover all of it, in order.

    A full stop after an initial, a dotted or a usual abbreviation ends none.
    """
    sentences: list[Span] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[max(start, match.start() - _LONGEST) : match.start()]
        word = before[before.rfind(" ") + 1 :].lstrip("\"'“‘«([").lower()
        abbreviated = word in _ABBREVIATIONS or "." in word or (len(word) == 1 and word.isalpha())
        if match["mark"] == "." and abbreviated:
            continue
        sentences.append(Span(start, match.end()))
        start = match.end()
    return (*sentences, Span(start, len(text))) if start < len(text) or not sentences else tuple(sentences)


def detokenize(words: Sequence[str]) -> WordedText:
    """Join the words of a tokenised corpus as a person would have typed them, and say where each one went.

    Punctuation closes up to its neighbour, contractions to their stem, and straight double quotes
    alternate between opening and closing.
    """
    parts: list[str] = []
    spans: list[Span] = []
    position = 0
    glue = True
    quote_open = False
    for word in words:
        closes = word in _NO_SPACE_BEFORE or word.lower() in _CONTRACTIONS or (word == '"' and quote_open)
        if not (glue or closes):
            parts.append(" ")
            position += 1
        parts.append(word)
        spans.append(Span(position, position + len(word)))
        position += len(word)
        glue = word in _NO_SPACE_AFTER or (word == '"' and not quote_open)
        if word == '"':
            quote_open = not quote_open
    return WordedText("".join(parts), tuple(spans))
