"""Words of raw text and of tokenised corpora.

A corpus gives words, a person types a string. Both become a text with word offsets, and both are split into the same
units by `split_words`, so that a tagger sees in use what it saw in training.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

_UNIT = regex.compile(r"[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]")
_SURROGATE = regex.compile(r"[\ud800-\udfff]")

WordOffsets = NDArray[np.int64]
"""`(W, 2)`: start and end of each word in characters, end exclusive, in order."""

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
    """Split a text into runs of letters, digits and marks, and single other characters; white space separates."""
    return tuple(Span(*match.span()) for match in _UNIT.finditer(text))


def word_offsets(words: Iterable[Span]) -> WordOffsets:
    """Words as one array."""
    return np.array([(word.start, word.end) for word in words], dtype=np.int64).reshape(-1, 2)


class SplitWords(Sequence[WordOffsets]):
    """The words of texts by `split_words`; those of a text are found when they are first read."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._words: list[WordOffsets | None] = [None] * len(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> WordOffsets:  # type: ignore[override]
        words = self._words[index]
        if words is None:
            spans = [match.span() for match in _UNIT.finditer(self._texts[index])]
            words = self._words[index] = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return words


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
