from demo.palette import NEUTRAL
from demo.views.labelling.map import NO_ANSWER, NONE, SEVERAL, ColourBy, colours_of, preview_of
from mtl.labelling import Guess, Preview
from tests.demo.views.labelling.shown import CLASSES, LABELS, SURE, TEXT


def test_an_answer_colours_before_a_guess_and_guesses_only_where_they_are_wanted():
    guesses, answers = (SURE, SURE, None), {0: "<b>"}
    both = colours_of(CLASSES, answers, guesses, ColourBy.BOTH)
    assert [both.names[group] for group in both.of] == ["<b>", "travel", NO_ANSWER]
    alone = colours_of(CLASSES, answers, guesses, ColourBy.ANSWERS)
    assert [alone.names[group] for group in alone.of] == ["<b>", NO_ANSWER, NO_ANSWER]
    assert alone.colours[alone.names.index(NO_ANSWER)] == NEUTRAL
    assert both.colours[0] != NEUTRAL


def test_sets_of_labels_have_groups_of_their_own():
    found = colours_of(LABELS, {0: ("<b>", "travel"), 1: (), 2: ("travel",)}, (None,) * 3, ColourBy.BOTH)
    assert [found.names[group] for group in found.of] == [SEVERAL, NONE, "travel"]


def test_a_preview_counts_and_lists_what_the_model_sees_otherwise():
    preview = Preview({0: "<b>", 1: "<b>", 2: "<b>"}, (0, 1), (2,), (), (0,))
    html = preview_of(preview, "<b>", {0: SURE}, (TEXT, TEXT, TEXT))
    assert "3 selected · 2 would be labelled &lt;b&gt; · 1 already are" in html
    assert "would change" not in html
    assert "75 %" in html
    assert "<i>Bo" not in html


def test_a_preview_without_disagreement_has_no_table():
    assert "table" not in preview_of(Preview({0: "travel"}, (0,), (), (), ()), "travel", {}, (TEXT,))


def test_a_guess_of_no_label_is_said():
    preview = Preview({0: ("travel",)}, (0,), (), (), (0,))
    assert NONE in preview_of(preview, "travel", {0: Guess((), 0.9, {})}, (TEXT,))
