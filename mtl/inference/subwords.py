"""The pieces that a tokenizer makes of a text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subword:
    """One token as the backbone sees it: its name in the vocabulary, and its characters in the text, end exclusive.

    A special token has no characters: `start == end`.
    """

    piece: str
    start: int
    end: int
