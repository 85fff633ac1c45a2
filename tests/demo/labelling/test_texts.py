from dataclasses import replace

import pytest

from demo.inputs.text_input import Sentences
from demo.labelling.texts import need_short, texts_to_label
from mtl.errors import InputError
from tests.demo.fakes import settings

FILE = Sentences(tuple(f"text {i}" for i in range(450)))


def test_a_box_takes_as_many_texts_as_a_project():
    lines = [f"line {i}" for i in range(3_000)]
    assert texts_to_label("\n\n".join(lines), None, settings()) == tuple(lines)


def test_the_first_texts_of_a_file_can_be_changed_in_the_box_and_none_of_the_others_is_lost():
    assert texts_to_label(FILE.shown, FILE, settings()) == FILE.texts
    changed = FILE.shown.replace("text 3\n", "another\n").replace("text 5\n", "")
    found = texts_to_label(changed, FILE, settings())
    assert found == tuple("another" if i == 3 else f"text {i}" for i in range(450) if i != 5)


def test_other_lines_in_the_box_take_the_place_of_the_file():
    assert texts_to_label("one\ntwo", FILE, settings()) == ("one", "two")


def test_texts_that_the_server_has_forgotten_are_not_left_out_silently():
    with pytest.raises(InputError, match="no longer has the 450 texts"):
        texts_to_label(FILE.shown, None, settings(), of_file=450)


@pytest.mark.parametrize(
    ("box", "limit", "said"),
    [
        ("a\nb\nc", {"max_label_texts": 2}, "At most 2 texts were expected, were 3"),
        ("a" * 1_000_001, {"max_upload_mb": 1.0}, "at most 1 MB were expected, were 1.0 MB"),
        (" \n\t", {}, "Paste texts to label"),
        (None, {}, "Paste texts to label"),
    ],
)
def test_what_a_box_cannot_have_is_one_sentence(box, limit, said):
    with pytest.raises(InputError, match=said):
        texts_to_label(box, None, replace(settings(), **limit))


def test_a_text_too_long_for_a_card_is_told_when_the_file_comes():
    need_short(FILE, "a.txt")
    with pytest.raises(InputError, match="a.txt: texts of at most 20,000 characters .* text 2 has 20,001"):
        need_short(Sentences(("a", "b" * 20_001)), "a.txt")
