from demo.training.corrections import Correction
from demo.training.suspects import SuspectLabel, SuspectList
from demo.views.training.suspects import EMPTY, suspect_table
from mtl.labels import TypedSpan

BAD = "<img src=x> & 'you'"


def test_texts_and_labels_are_escaped_and_each_row_has_its_two_buttons():
    one = SuspectLabel("train", 3, 0.04, Correction(BAD, label="<b>a"), Correction(BAD, label="b"))
    shown = suspect_table(SuspectList("run", "topic", (one,), 1, 40, ("a <note>",)))
    assert "<img" not in shown and "<b>a" not in shown and "<note>" not in shown
    assert "&lt;img" in shown and "train 3" in shown and "0.04" in shown
    assert shown.count('data-suspect="train 3 0"') == 2
    assert 'data-act="accept"' in shown and 'data-act="dismiss"' in shown


def test_given_and_suggested_spans_are_marked_in_the_text():
    sides = (Correction("Anna met <Tom>", spans=spans) for spans in ((), (TypedSpan(0, 4, "PER"),)))
    shown = suspect_table(SuspectList("run", "names", (SuspectLabel("dev", 1, 0.2, *sides, 0, 4),), 1, 40))
    assert shown.count("ph-entity") == 1 and ">Anna<b>PER</b></mark>" in shown and "&lt;Tom&gt;" in shown


def test_nothing_asked_nothing_found_and_all_decided_each_have_a_sentence():
    assert EMPTY in suspect_table(None)
    assert "No suspect labels among 40 examples of topic." in suspect_table(SuspectList("run", "topic", (), 0, 40))
    assert "decided" in suspect_table(SuspectList("run", "topic", (), 7, 40))
