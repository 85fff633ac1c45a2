"""Classification metrics against scikit-learn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from mtl.metrics import classification_metrics
from tests.mtl.data.generated import label_sets

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("bcde")), min_size=1, max_size=30)


@given(PAIRS)
def test_every_metric_is_scikit_learns(pairs: list[tuple[str, str]]):
    gold, predicted = map(list, zip(*pairs, strict=True))
    metrics = classification_metrics(gold, predicted)
    expected = {
        "accuracy": accuracy_score(gold, predicted),
        "macro_f1": f1_score(gold, predicted, average="macro", zero_division=0),
    }
    for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        for label in sorted({*gold, *predicted}):
            expected[f"{name}/{label}"] = score(gold, predicted, labels=[label], average="macro", zero_division=0)
    assert metrics == pytest.approx(expected, abs=1e-12)


@given(PAIRS)
def test_accuracy_and_recall_are_plain_counts(pairs: list[tuple[str, str]]):
    gold, predicted = map(list, zip(*pairs, strict=True))
    metrics = classification_metrics(gold, predicted)
    assert metrics["accuracy"] == pytest.approx(sum(g == p for g, p in pairs) / len(pairs))
    for label in set(gold):
        hits = sum(g == p == label for g, p in pairs)
        assert metrics[f"recall/{label}"] == pytest.approx(hits / gold.count(label))


def test_a_label_that_only_one_side_knows_counts_as_wrong():
    metrics = classification_metrics(["a", "a"], ["a", "new"])
    assert metrics["accuracy"] == 0.5
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert metrics["f1/new"] == 0


def test_values_are_plain_floats():
    assert {type(value) for value in classification_metrics(["a", "b"], ["a", "a"]).values()} == {float}


@given(labels=label_sets(), data=st.data())
def test_labels_of_any_characters_are_counted_as_plain_ones_are(labels: list[str], data: st.DataObject):
    one = st.sampled_from(labels)
    gold, predicted = zip(*data.draw(st.lists(st.tuples(one, one), min_size=1, max_size=9)), strict=True)
    metrics = classification_metrics(gold, predicted)
    assert metrics["accuracy"] == pytest.approx(sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold))
    assert {key.partition("/")[2] for key in metrics if "/" in key} == {*gold, *predicted}
    for label in {*gold, *predicted}:
        hits = sum(g == p == label for g, p in zip(gold, predicted, strict=True))
        counts = gold.count(label) + predicted.count(label)
        assert metrics[f"f1/{label}"] == pytest.approx(2 * hits / counts)
