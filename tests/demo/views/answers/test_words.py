from demo.views.answers.words import bio, word_table
from mtl.text import split_words
from mtl.text.subwords import Subword
from tests.demo.fakes import analysis, entity

TEXT = "Ann Smith likes <b>Bern"
FOUND = [entity("PER", 0, 9, TEXT), entity("LOC", 19, 23, TEXT)]


def test_words_get_the_tags_that_the_entities_say():
    assert bio(split_words(TEXT), FOUND) == ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC"]


def test_the_table_has_sub_words_and_names_the_special_ones():
    pieces = [Subword("[CLS]", 0, 0), Subword("ann", 0, 3), Subword("smi", 4, 7), Subword("##th", 7, 9)]
    shown = word_table(analysis(TEXT, entities=FOUND), pieces, {"PER": "#000"})
    assert "<code>smi</code> <code>##th</code>" in shown
    assert "1 of them special: [CLS]" in shown
    assert "not read" in shown
    assert "<b>" not in shown


def test_a_text_without_words_has_no_table():
    assert "<table" not in word_table(analysis(" "), [], {})


def test_a_long_text_says_how_many_words_are_shown():
    assert "the first 200 words are shown" in word_table(analysis("word " * 300), [], {})
