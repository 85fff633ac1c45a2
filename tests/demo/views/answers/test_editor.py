import json

from demo.answers.predicted import Gold, Predicted
from demo.views.answers import editor
from demo.views.answers.word_spans import spans_from
from mtl.labels import TypedSpan
from tests.demo.fakes import FakeModel, analysis, entity

TEXT = "  Ann met 😀 Bo-Lee."


def predicted(*entities) -> Predicted:
    return Predicted(7, "starter", (analysis(TEXT, entities=list(entities)),), FakeModel.tasks, 0.1, Gold())


def of(kind: str, word: str):
    return entity(kind, TEXT.index(word), TEXT.index(word) + len(word), TEXT)


def value(*entities) -> dict:
    return json.loads(editor.value_of(predicted(*entities), 0, "entities", colours={"PER": "#1"}, opened=1))


def test_words_and_gaps_make_the_text_again():
    found = value()
    rebuilt = found["lead"] + "".join(word + gap for word, gap in zip(found["words"], found["gaps"], strict=True))
    assert rebuilt == TEXT


def test_spans_go_out_and_come_back_in_words():
    found = value(of("PER", "Ann"), of("PER", "Bo-Lee"))
    assert spans_from(TEXT, found["spans"]) == [TypedSpan(2, 5, "PER"), TypedSpan(12, 18, "PER")]


def test_overlapping_predictions_give_way():
    assert [span[2] for span in value(of("PER", "Bo-Lee"), of("LOC", "Lee"))["spans"]] == ["PER"]


def test_what_is_no_span_is_left_out():
    for wrong in (None, "x", [[0]], [[0, 99, "PER"]], [[1, 0, "PER"]], [["0", 1, "PER"]], [[-1, 0, "PER"]]):
        assert spans_from(TEXT, wrong) == []


def test_every_type_has_a_colour_and_a_line():
    assert [set(kind) for kind in value()["types"]] == [{"name", "colour", "line"}] * 3
