import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from mtl.labelling.agreement import agreement_of
from mtl.labels import TypedSpan
from tests.mtl.labelling.specs import spec

CLASSES, LABELS, SPANS = (spec(kind, "a", "b", "c") for kind in ("classes", "labels", "spans"))
TEXTS = tuple(f"anna met tom {i} in rome" for i in range(10, 40))


def drawn(kind, seed):
    rng = random.Random(seed)
    if kind is CLASSES:
        return {i: rng.choice("aab") for i in range(seed, 30)}
    if kind is LABELS:
        return {i: tuple(name for name in "abc" if rng.random() < 0.4) for i in range(seed, 30)}
    spans = (TypedSpan(0, 4, rng.choice("ab")), TypedSpan(5, 12, "b"), TypedSpan(19, 23, "c"))
    return {i: tuple(span for span in spans if rng.random() < 0.6) for i in range(seed, 30)}


def kappa_by_hand(pairs):
    """Observed agreement against that of the shares of each side, by counting."""
    labels = {label for pair in pairs for label in pair}
    observed = np.mean([a == b for a, b in pairs])
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    expected = sum(sides[0].count(one) * sides[1].count(one) for one in labels) / len(pairs) ** 2
    return (observed - expected) / (1 - expected)


def test_kappa_of_classes_is_that_of_scikit_learn_and_of_counting():
    given = {"ann": drawn(CLASSES, 0), "bo": drawn(CLASSES, 5)}
    found = agreement_of(TEXTS, given, CLASSES)
    both = range(5, 30)
    first, second = ([given[name][i] for i in both] for name in ("ann", "bo"))
    (pair,) = found.pairs
    assert pair.kappa == pytest.approx(cohen_kappa_score(first, second)) == pytest.approx(found.kappa)
    assert pair.kappa == pytest.approx(kappa_by_hand(list(zip(first, second, strict=True))))
    assert (pair.texts, pair.f1) == (25, None)
    assert pair.same == pytest.approx(np.mean([a == b for a, b in zip(first, second, strict=True)]))
    assert {one.number for one in pair.disagreements} == {i for i in both if given["ann"][i] != given["bo"][i]}
    assert all(
        (one.first, one.second) == (given["ann"][one.number], given["bo"][one.number]) for one in pair.disagreements
    )


def test_sets_of_labels_are_compared_label_by_label():
    given = {"ann": drawn(LABELS, 0), "bo": drawn(LABELS, 2)}
    sides = [[name in given[who][i] for i in range(2, 30) for name in "abc"] for who in ("ann", "bo")]
    assert agreement_of(TEXTS, given, LABELS).kappa == pytest.approx(cohen_kappa_score(*sides))


def test_spans_are_compared_word_by_word_and_as_spans():
    given = {"ann": drawn(SPANS, 0), "bo": drawn(SPANS, 3)}
    (pair,) = agreement_of(TEXTS, given, SPANS).pairs
    words, at = [], {0: 0, 5: 1, 19: 5}  # the word at which each span begins
    for i in range(3, 30):
        for who in ("ann", "bo"):
            tags = ["O"] * 6
            for span in given[who][i]:
                tags[at[span.start]] = f"B-{span.label}"
                if span.start == 5:
                    tags[2] = "I-b"
            words.append(tags)
    sides = [[tag for tags in words[side::2] for tag in tags] for side in (0, 1)]
    assert pair.kappa == pytest.approx(kappa_by_hand(list(zip(*sides, strict=True))))
    every = sorted({(i, span) for who in given.values() for i in range(3, 30) for span in who[i]}, key=str)
    truth = [[span in given[who][i] for i, span in every] for who in ("ann", "bo")]
    assert pair.f1 == pytest.approx(f1_score(*truth))


def test_people_who_always_say_the_same_one_thing_have_no_kappa():
    given = {"ann": {0: "a", 1: "a"}, "bo": {0: "a", 1: "a"}}
    found = agreement_of(TEXTS, given, CLASSES)
    assert (found.kappa, found.pairs[0].kappa, found.pairs[0].same, found.pairs[0].disagreements) == (None, None, 1, ())


def test_each_pair_of_people_with_a_text_in_common_counts_once():
    given = {"ann": {0: "a", 1: "b"}, "bo": {1: "b", 2: "a"}, "cy": {2: "b", 1: "a"}, "di": {9: "a"}}
    found = agreement_of(TEXTS, given, CLASSES)
    assert [(pair.first, pair.second, pair.texts) for pair in found.pairs] == [
        ("ann", "bo", 1),
        ("ann", "cy", 1),
        ("bo", "cy", 2),
    ]
    assert agreement_of(TEXTS, {"ann": {0: "a"}, "bo": {1: "a"}}, CLASSES) is None
    assert agreement_of(TEXTS, {}, CLASSES) is None
