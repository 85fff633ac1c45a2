"""Texts with the words that they consist of.

A corpus gives words, a person types a string. Both become a text with word offsets (`detokenize`), and both are split
into the same units (`split_words`), so that a tagger sees in use what it saw in training.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

_SURROGATE = regex.compile(r"[\ud800-\udfff]")

WordOffsets = NDArray[np.int64]
"""`(W, 2)`: start and end of each word in characters, end exclusive, in order."""


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


def clean_all(value: object) -> object:
    """A value of JSON with every text in it, keys included, as by `clean`."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean_all(name): clean_all(one) for name, one in value.items()}
    return [clean_all(one) for one in value] if isinstance(value, list) else value


def same_length_lower(text: str) -> str:
    """The text in lower case, but for characters whose lower case is longer; offsets stay as they were."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def word_offsets(words: Iterable[Span]) -> WordOffsets:
    """Words as one array."""
    return np.array([(word.start, word.end) for word in words], dtype=np.int64).reshape(-1, 2)
