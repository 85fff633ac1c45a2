"""The pieces that a tokenizer makes of a text."""

from dataclasses import dataclass

from mtl.encoder import TokenizedText, Tokenizer


@dataclass(frozen=True, slots=True)
class Subword:
    """One token as the backbone sees it: its name in the vocabulary, and its characters in the text, end exclusive.

    A special token has no characters: `start == end`.
    """

    piece: str
    start: int
    end: int


def subwords(tokenizer: Tokenizer, text: TokenizedText) -> tuple[Subword, ...]:
    """The tokens of a tokenised text, special ones included."""
    pieces = tokenizer.backend.convert_ids_to_tokens(list(text.ids))
    return tuple(Subword(piece, *offsets) for piece, offsets in zip(pieces, text.offsets, strict=True))
