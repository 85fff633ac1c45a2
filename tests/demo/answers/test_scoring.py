from dataclasses import replace

import pytest

from demo.answers.scoring import class_scores, mistakes, set_scores, span_scores
from mtl.labels import TypedSpan
from tests.demo.fakes import analysis, entity

PER, LOC = TypedSpan(0, 3, "PER"), TypedSpan(8, 11, "LOC")


def test_spans_are_measured_over_all_and_by_type():
    scores = span_scores([(PER, LOC), ()], [(PER,), (LOC,)])
    assert scores.metrics["f1"] == pytest.approx(0.5)
    assert scores.metrics["recall/PER"] == 1.0
    assert scores.metrics["precision/LOC"] == 0.0
    assert scores.support == {"PER": 1, "LOC": 1}


def test_a_type_that_only_the_model_sees_has_no_cases():
    assert span_scores([()], [(PER,)]).support == {"PER": 0}


def test_classes_are_measured_with_their_cases():
    scores = class_scores(["a", "b", "b"], ["a", "b", "a"])
    assert scores.metrics["accuracy"] == pytest.approx(2 / 3)
    assert scores.support == {"a": 1, "b": 2}


def test_a_text_is_a_mistake_unless_every_span_is_right():
    text = "Ann met Bo."
    analyses = [analysis(text, entities=[entity("PER", 0, 3, text)]), analysis(text)]
    assert mistakes(analyses, "entities", [(PER,), ()]) == []
    assert mistakes(analyses, "entities", [(PER, LOC), (PER,)]) == [0, 1]


def test_sets_of_labels_are_measured_with_their_cases():
    scores = {"a": 0.9, "b": 0.6, "c": 0.1}
    found = [replace(analysis("x"), classes={"t": scores}, labels={"t": own}) for own in (("a", "b"), ("a",))]
    measured = set_scores(("a", "b", "c"), [("a",), ("a", "new")], found, task="t")
    assert measured.metrics["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert measured.metrics["subset_accuracy"] == 0.0
    assert measured.metrics["recall/new"] == 0.0
    assert measured.support == {"a": 2, "b": 0, "new": 1}
