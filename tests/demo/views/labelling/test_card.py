import json

import pytest

from demo.views.labelling.card import Asked, answer_from, answer_in_words, card_value, counts_line, problem_value
from mtl.labelling import Counts, Guess
from mtl.labels import TypedSpan
from tests.demo.views.labelling.shown import CLASSES, COUNTS, LABELS, MARKED, PAIRS, SPANS, SURE, TEXT, card, pair

ASKED = Asked("p", 12)


def content(spec, shown, said=""):
    return json.loads(card_value(ASKED, spec, shown, counts=COUNTS, said=said))


def test_a_card_says_what_it_answers_and_why_it_is_shown():
    found = content(CLASSES, card(guess=SURE, copies=3), said="Saved.")
    assert (found["project"], found["number"], found["said"]) == ("p", 12, "Saved.")
    assert found["card"]["reason"] == "The model hesitates. It stands for 3 equal rows."
    assert (found["card"]["text"], found["card"]["content"]) == (7, TEXT)
    assert found["counts"] == "3 of 1,200 labelled · 1 skipped · 2 by others"


def test_probabilities_follow_the_order_of_the_labels():
    found = content(CLASSES, card(guess=SURE))
    assert [label["name"] for label in found["labels"]] == ["<b>", "travel"]
    assert found["card"]["shares"] == [0.25, 0.75]
    assert found["card"]["guess"] == "travel"
    assert len({label["colour"] for label in found["labels"]}) == 2


def test_without_a_guess_there_is_nothing_to_accept():
    found = content(CLASSES, card())["card"]
    assert found["guess"] is None
    assert found["shares"] is None


def test_several_labels_begin_with_the_guess_and_an_answer_replaces_it():
    guess = Guess(("travel",), 0.8, {"<b>": 0.1, "travel": 0.8})
    assert content(LABELS, card(guess=guess))["card"]["chosen"] == ["travel"]
    assert content(LABELS, card(guess=guess, answer=()))["card"]["chosen"] == []
    assert content(CLASSES, card(guess=SURE))["card"]["chosen"] == []
    assert content(CLASSES, card(guess=SURE, answer="<b>"))["card"]["chosen"] == ["<b>"]


def test_spans_are_drawn_in_words_the_answer_before_the_guess():
    assert content(SPANS, card(guess=MARKED))["card"]["spans"] == [[0, 0, "PER"]]
    assert content(SPANS, card(guess=MARKED, answer=()))["card"]["spans"] == []
    found = content(SPANS, card())["card"]
    assert found["lead"] + "".join(w + g for w, g in zip(found["words"], found["gaps"], strict=True)) == TEXT


def test_a_pair_has_both_texts_and_its_cosine_beside_the_threshold():
    found = content(PAIRS, pair(answer="different"))
    shown = found["card"]
    assert (shown["content"], shown["other"]) == (TEXT, "<i>other</i>")
    assert shown["cosine"] == "cosine 0.83, same from 0.70 on"
    assert [label["name"] for label in found["labels"]] == ["same", "different"]
    assert (shown["shares"], shown["guess"], shown["chosen"]) == ([0.8, 0.2], "same", ["different"])
    assert "mined anew" in found["done"] and "mined" not in content(CLASSES, None)["done"]
    assert "other" not in content(CLASSES, card())["card"]


def test_without_a_card_everything_is_labelled():
    assert content(CLASSES, None)["card"] is None


def test_an_error_leaves_the_card():
    assert json.loads(problem_value(ASKED, "The disk is full.")) == {
        "project": "p",
        "number": 12,
        "problem": "The disk is full.",
    }


def test_counts_of_zero_are_left_out():
    assert counts_line(Counts(0, 0, 0, 5)) == "0 of 5 labelled"


@pytest.mark.parametrize(
    ("answer", "spec", "said"),
    [
        ("travel", CLASSES, "travel"),
        (("<b>", "travel"), LABELS, "<b>, travel"),
        ((), LABELS, "no label"),
        ((), SPANS, "no entity"),
        ((TypedSpan(1, 4, "PER"), TypedSpan(12, 14, "PER")), SPANS, "Ann (PER), Bo (PER)"),
    ],
)
def test_answers_in_words(answer, spec, said):
    assert answer_in_words(answer, spec, TEXT) == said


@pytest.mark.parametrize(
    "sent", [None, 7, {}, "x", ["y"], [[0, 0, "PER"]], [[9, 1]], [["a", 1, "PER"]], [[0, 99, "PER"]]]
)
@pytest.mark.parametrize("spec", [CLASSES, LABELS, SPANS])
def test_whatever_a_browser_sends_is_an_answer_of_the_kind_or_none(sent, spec):
    found = answer_from(sent, spec, TEXT)
    assert isinstance(found, str if spec is CLASSES else tuple)
    assert all(isinstance(one, TypedSpan if spec is SPANS else str) for one in (found if spec is not CLASSES else ()))


def test_spans_go_out_in_words_and_come_back_as_offsets():
    sent = content(SPANS, card(guess=MARKED))["card"]["spans"]
    assert answer_from(sent, SPANS, TEXT) == MARKED.answer
