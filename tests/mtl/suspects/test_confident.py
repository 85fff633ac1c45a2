import numpy as np
import pytest

from mtl.suspects.confident import confident_disagreements, suspected_classes


def by_hand(probabilities, given):
    """The definition in the paper, example by example."""
    classes = range(probabilities.shape[1])
    own = {c: [p[c] for p, g in zip(probabilities, given, strict=True) if g == c] for c in classes}
    limits = {c: sum(found) / len(found) for c, found in own.items() if found}
    answers = []
    for p, g in zip(probabilities, given, strict=True):
        reached = [c for c in limits if p[c] >= limits[c]]
        best = max(reached, key=lambda c: p[c], default=-1)
        answers.append(best not in (-1, g) and p[g] < max(p))
    return answers


def drawn(seed):
    draw = np.random.default_rng(seed)
    classes, rows = draw.integers(2, 6), draw.integers(10, 80)
    return draw.dirichlet(np.ones(classes), rows), draw.integers(0, classes, rows)


@pytest.mark.parametrize("seed", range(20))
def test_disagreements_are_those_of_the_definition(seed):
    probabilities, given = drawn(seed)
    assert confident_disagreements(probabilities, given).tolist() == by_hand(probabilities, given)


@pytest.mark.parametrize("seed", range(20))
def test_as_many_labels_are_suspect_as_disagree_and_they_are_the_least_probable(seed):
    probabilities, given = drawn(seed)
    found = suspected_classes(probabilities, given)
    likely = [
        (p[g], int(np.argmax(p)), i) for i, (p, g) in enumerate(zip(probabilities, given, strict=True)) if p[g] < max(p)
    ]
    wanted = sorted(likely)[: sum(by_hand(probabilities, given))]
    assert {i: int(found[i]) for i in np.flatnonzero(found >= 0)} == {i: best for _, best, i in wanted}


def test_disagreements_are_those_of_cleanlab():
    # `cleanlab.filter.find_label_issues(given, ..., filter_by="confident_learning", min_examples_per_class=0)` of 2.9.0
    given = np.array([2, 1, 2, 2, 1, 2, 2, 0, 0, 0, 0, 2, 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 1, 0])
    first = [23, 5, 27, 3, 69, 68, 15, 60, 7, 20, 83, 9, 8, 7, 36, 43, 4, 44, 39, 38, 13, 68, 73, 28]
    second = [28, 77, 68, 59, 15, 30, 52, 0, 10, 55, 5, 44, 24, 9, 51, 25, 71, 1, 39, 44, 62, 10, 26, 10]
    probabilities = np.array([[a, b, 100 - a - b] for a, b in zip(first, second, strict=True)]) / 100
    found = np.flatnonzero(confident_disagreements(probabilities, given))
    assert found.tolist() == [2, 3, 4, 5, 6, 8, 9, 13, 15, 16, 20, 22, 23]
