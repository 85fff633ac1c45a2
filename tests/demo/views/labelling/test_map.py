from demo.palette import NEUTRAL
from demo.views.labelling.map import (
    ALONE,
    NO_ANSWER,
    NONE,
    SEVERAL,
    SMALLER,
    ColourBy,
    colours_of,
    colours_of_groups,
    preview_of,
    preview_of_group,
)
from mtl.labelling import Guess, Preview
from mtl.labelling.pairs import pair_number
from tests.demo.views.labelling.shown import CLASSES, LABELS, LIKELY, SURE, TEXT


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


def test_a_preview_that_is_cut_says_so():
    texts, numbers = (TEXT,) * 40, tuple(range(30))
    preview = Preview(dict.fromkeys(numbers, "<b>"), numbers, (), (), numbers)
    assert "The first 12 of 30 are shown." in preview_of(preview, "<b>", dict.fromkeys(numbers, SURE), texts)
    pairs = tuple(pair_number(0, text) for text in range(1, 31))
    group = Preview(dict.fromkeys(pairs, "same"), (), (), pairs, ())
    assert "The first 12 of 30 are shown." in preview_of_group(group, 31, {}, texts)


def test_a_guess_of_no_label_is_said():
    preview = Preview({0: ("travel",)}, (0,), (), (), (0,))
    assert NONE in preview_of(preview, "travel", {0: Guess((), 0.9, {})}, (TEXT,))


def test_groups_have_colours_of_their_own_the_largest_ones():
    found = colours_of_groups([(0, 2), (4, 5)], 6)
    assert [found.names[one] for one in found.of] == ["group 1", ALONE, "group 1", ALONE, "group 2", "group 2"]
    assert found.colours[-1] == NEUTRAL and found.colours[0] != found.colours[1]
    many = colours_of_groups([(2 * i, 2 * i + 1) for i in range(12)], 25)
    assert [many.names[one] for one in many.of][-3:] == [SMALLER, SMALLER, ALONE]
    assert colours_of_groups([], 2).names == (ALONE,)


def test_a_preview_of_a_group_counts_its_pairs_and_lists_what_disagrees():
    said, seen = pair_number(0, 1), pair_number(0, 2)
    preview = Preview(dict.fromkeys((said, seen, 9), "same"), (seen, 9), (), (said,), (seen,))
    html = preview_of_group(preview, 4, {seen: LIKELY}, (TEXT, "<b>", "three"))
    assert "4 texts selected · 3 pairs would be answered same · 1 answered different before" in html
    assert "you said different" in html and "the model sees different (80 %)" in html
    assert "<i>Bo" not in html and "2 pairs of these disagree" in html
    assert "one group already" in preview_of_group(Preview({}, (), (), (), ()), 2, {}, (TEXT,))
    assert "table" not in preview_of_group(Preview({9: "same"}, (9,), (), (), ()), 2, {}, (TEXT,))
