"""Sub-word tokens by word."""

from mtl.text import Span
from mtl.text.subwords import Subword, by_word


def test_every_word_gets_its_pieces_once_though_windows_share_some():
    words = (Span(0, 3), Span(4, 9), Span(9, 10))
    first = [Subword("[CLS]", 0, 0), Subword("ann", 0, 3), Subword("smi", 4, 7), Subword("[SEP]", 0, 0)]
    second = [Subword("[CLS]", 0, 0), Subword("smi", 4, 7), Subword("##th", 7, 9), Subword("[SEP]", 0, 0)]
    names = [[piece.piece for piece in own] for own in by_word(words, [*first, *second])]
    assert names == [["ann"], ["smi", "##th"], []]


def test_bytes_of_one_character_stay_in_their_order():
    pieces = [Subword("ð", 0, 1), Subword("Ł", 0, 1), Subword("ĺ", 0, 1), Subword("a", 1, 2)]
    assert by_word((Span(0, 1), Span(1, 2)), pieces) == [pieces[:3], pieces[3:]]
