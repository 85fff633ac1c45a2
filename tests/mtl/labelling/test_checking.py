import pytest

from mtl.errors import InputError
from mtl.labelling.checking import checked_answer
from mtl.labels import TypedSpan
from tests.mtl.labelling.specs import spec

TEXT = "Ann met 👩‍👩‍👧 in שלום עולם"
CLASSES, LABELS, SPANS = (spec(kind, "b", "a") for kind in ("classes", "labels", "spans"))


def test_answers_are_kept_in_one_form():
    assert checked_answer(TEXT, CLASSES, "a") == "a"
    for given in (["b", "a", "b"], {"a", "b"}, frozenset("ab"), ("a", "b")):
        assert checked_answer(TEXT, LABELS, given) == ("a", "b")
    assert checked_answer(TEXT, LABELS, []) == () == checked_answer(TEXT, SPANS, [])
    spans = [TypedSpan(TEXT.index("של") + 1, len(TEXT) - 1, "b"), TypedSpan(0, 2, "a"), TypedSpan(7, 13, "b")]
    found = checked_answer(TEXT, SPANS, spans)
    assert [TEXT[s.start : s.end] for s in found] == ["Ann", "👩‍👩‍👧", "שלום עולם"]
    assert checked_answer(TEXT, SPANS, found) == found


def test_a_long_text_has_spans_anywhere():
    text = "word " * 2_000
    assert checked_answer(text, SPANS, [TypedSpan(9_990, 9_999, "a")]) == (TypedSpan(9_990, 9_999, "a"),)


@pytest.mark.parametrize(
    ("of", "answer", "says"),
    [
        (CLASSES, "c", "One of b, a was expected, was 'c'"),
        (CLASSES, ("a",), "One of b, a was expected"),
        (CLASSES, None, "One of b, a was expected, was 'None'"),
        (LABELS, "a", "Labels of b, a were expected, was 'a'"),
        (LABELS, ["c"], "Labels of b, a were expected"),
        (LABELS, [[]], "Labels of b, a were expected"),
        (SPANS, "a", "Spans were expected, was 'a'"),
        (SPANS, None, "Spans were expected"),
        (SPANS, [(0, 3, "a")], "Spans were expected"),
        (SPANS, [TypedSpan(0, 3, "c")], "One of b, a was expected, was 'c'"),
        (SPANS, [TypedSpan(3, 4, "a")], "A span with a word was expected, 3–4 has none"),
        (SPANS, [TypedSpan(2, 2, "a")], "A span with a word was expected, 2–2 has none"),
        (SPANS, [TypedSpan(-3, 2, "a")], "A span inside of the \\d+ characters was expected, was -3–2"),
        (SPANS, [TypedSpan(0, 99, "a")], "A span inside of the \\d+ characters was expected, was 0–99"),
        (SPANS, [TypedSpan(3, 1, "a")], "A span inside of the \\d+ characters was expected, was 3–1"),
        (SPANS, [TypedSpan(0, 5, "a"), TypedSpan(4, 7, "b")], "0–5 and 4–7 overlap"),
    ],
)
def test_an_answer_that_no_head_can_learn_is_refused(of, answer, says):
    with pytest.raises(InputError, match=says):
        checked_answer(TEXT, of, answer)
