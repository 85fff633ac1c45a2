import pytest

from mtl.errors import InputError


def test_pieces_stand_for_the_characters_of_the_text_and_special_ones_for_none(engine):
    text = "Anna met Tom in Rome"
    found = engine.subwords(text)
    assert [piece.start == piece.end for piece in found] == [True, *(False for _ in found[2:]), True]
    assert "".join(text[piece.start : piece.end] for piece in found) == text.replace(" ", "")
    assert len(found) == engine.analyze([text])[0].tokens
    assert all(piece.piece for piece in found)


def test_what_is_no_string_has_no_pieces(engine):
    with pytest.raises(InputError):
        engine.subwords(7)
