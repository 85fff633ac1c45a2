"""Tagging metrics against seqeval's strict IOB2 and against counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, classification_report, f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from mtl.labels import TypedSpan, spans_of, to_bio2
from mtl.metrics import span_f1, tagging_metrics
from tests.mtl.data.generated import label_sets, taggings

TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
WIDER = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-NEW", "I-NEW"])
STRICT = {"mode": "strict", "scheme": IOB2, "zero_division": 0}


@st.composite
def tag_pairs(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    sides = [[draw(st.lists(tags, min_size=n, max_size=n)) for n in lengths] for tags in (TAGS, WIDER)]
    return sides[0], sides[1]


def legal(sentences: list[list[str]]) -> list[tuple[str, ...]]:
    return [to_bio2(tags) for tags in sentences]


def seqeval_metrics(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    report = classification_report(gold, predicted, output_dict=True, **STRICT)
    by_type = {
        f"{name}/{kind}": report[kind][key]
        for kind in report
        if not kind.endswith(" avg")
        for name, key in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"))
    }
    return {
        "f1": f1_score(gold, predicted, **STRICT),
        "precision": precision_score(gold, predicted, **STRICT),
        "recall": recall_score(gold, predicted, **STRICT),
        "token_accuracy": accuracy_score(gold, predicted),
        **by_type,
    }


@given(tag_pairs())
def test_metrics_of_legal_tags_are_seqevals(pair: tuple[list[list[str]], list[list[str]]]):
    gold, predicted = [list(t) for t in legal(pair[0])], [list(t) for t in legal(pair[1])]
    has_entities = any(tag != "O" for tags in (*gold, *predicted) for tag in tags)
    expected = seqeval_metrics(gold, predicted) if has_entities else {"f1": 0, "precision": 0, "recall": 0}
    found = tagging_metrics(gold, predicted)
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)


@given(tag_pairs())
def test_metrics_of_any_tags_are_seqevals_strict_ones(pair: tuple[list[list[str]], list[list[str]]]):
    gold, predicted = pair
    found = tagging_metrics(gold, predicted)
    if any(tag.startswith("B-") for tags in (*gold, *predicted) for tag in tags):
        expected = seqeval_metrics(gold, predicted)
        assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    else:
        assert (found["f1"], found["precision"], found["recall"]) == (0, 0, 0)


@given(tag_pairs())
def test_f1_of_legal_tags_is_that_of_counted_spans(pair: tuple[list[list[str]], list[list[str]]]):
    gold, predicted = legal(pair[0]), legal(pair[1])
    counted = span_f1([spans_of(tags) for tags in gold], [spans_of(tags) for tags in predicted])
    found = tagging_metrics(gold, predicted)
    assert {key: found[key] for key in counted} == pytest.approx(counted, abs=1e-12)


def test_an_entity_that_begins_inside_is_none():
    metrics = tagging_metrics([["B-PER", "I-PER"]], [["I-PER", "I-PER"]])
    assert (metrics["f1"], metrics["recall"], metrics["token_accuracy"]) == (0, 0, 0.5)


def test_without_any_entity_scores_are_zero_and_tokens_right():
    assert tagging_metrics([["O", "O"]], [["O", "O"]]) == {"f1": 0, "precision": 0, "recall": 0, "token_accuracy": 1}


@given(tag_pairs())
def test_token_accuracy_is_the_share_of_equal_tags(pair: tuple[list[list[str]], list[list[str]]]):
    gold, predicted = legal(pair[0]), legal(pair[1])
    equal = [g == p for gs, ps in zip(gold, predicted, strict=True) for g, p in zip(gs, ps, strict=True)]
    assert tagging_metrics(gold, predicted)["token_accuracy"] == pytest.approx(sum(equal) / len(equal))


SPANS = st.lists(
    st.builds(TypedSpan, st.integers(0, 3), st.integers(4, 6), st.sampled_from(["PER", "LOC"])), max_size=5, unique=True
)


@given(st.lists(st.tuples(SPANS, SPANS), max_size=5))
def test_span_f1_is_a_count_of_equal_spans(pairs: list[tuple[list[TypedSpan], list[TypedSpan]]]):
    right = sum(any(p == g for g in gold) for gold, predicted in pairs for p in predicted)
    found, wanted = sum(len(p) for _, p in pairs), sum(len(g) for g, _ in pairs)
    precision, recall = right / found if found else 0, right / wanted if wanted else 0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
    scores = span_f1([g for g, _ in pairs], [p for _, p in pairs])
    assert scores == pytest.approx({"f1": f1, "precision": precision, "recall": recall})


def test_span_f1_of_nothing_is_zero():
    assert span_f1([[]], [[]]) == {"f1": 0, "precision": 0, "recall": 0}


@given(types=label_sets(), data=st.data())
def test_types_of_any_characters_are_counted_as_plain_ones_are(types: list[str], data: st.DataObject):
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    both = gold, predicted = [[data.draw(taggings(types, n)) for n in lengths] for _ in range(2)]
    found = tagging_metrics(gold, predicted)
    names = {tag[2:] for tags in (*gold, *predicted) for tag in tags if tag != "O"}
    assert {key.partition("/")[2] for key in found if "/" in key} == names
    for name in names:
        sides = [[{(s.start, s.end) for s in spans_of(tags) if s.label == name} for tags in side] for side in both]
        hits = sum(len(g & p) for g, p in zip(*sides, strict=True))
        all_gold, all_found = (sum(map(len, side)) for side in sides)
        assert found[f"precision/{name}"] == pytest.approx(hits / all_found if all_found else 0)
        assert found[f"recall/{name}"] == pytest.approx(hits / all_gold if all_gold else 0)
        assert found[f"f1/{name}"] == pytest.approx(2 * hits / (all_gold + all_found))
    if names:
        expected = span_f1(*[[spans_of(tags) for tags in side] for side in both])
        assert {key: found[key] for key in expected} == pytest.approx(expected)
