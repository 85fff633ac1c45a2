"""Sub-word tokens of a text, by word."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mtl.text.words import Span


@dataclass(frozen=True, slots=True)
class Subword:
    """One token as the backbone reads it: its name in the vocabulary, and its characters in the text, end exclusive.

    A special token has no characters: `start == end`.
    """

    piece: str
    start: int
    end: int


def by_word(words: Sequence[Span], subwords: Sequence[Subword]) -> list[list[Subword]]:
    """The sub-words of each word, of words in order; those that two windows of a long text share come once."""
    placed = sorted(dict.fromkeys(one for one in subwords if one.start < one.end), key=lambda one: (one.start, one.end))
    starts, ends = [one.start for one in placed], [one.end for one in placed]
    return [placed[bisect_right(ends, word.start) : bisect_left(starts, word.end)] for word in words]
