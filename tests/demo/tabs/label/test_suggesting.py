from dataclasses import replace

import pytest

from demo.labelling.form import hints_of, spec_of
from demo.tabs.label.suggesting import labels_of_clusters, suggested_labels
from mtl.errors import InputError
from mtl.labelling import LabelHint
from tests.demo.fakes import FakeModel, analysis, settings

TEXTS = [f"The striker scored a goal in match {i}" for i in range(8)] + [
    f"Boil the rice with onions, dish {i}" for i in range(8)
]


def test_labels_are_the_words_of_clusters_and_can_start_a_project(starter):
    lines = suggested_labels(starter, TEXTS, "", settings())
    hints = hints_of(lines)
    assert len({hint.name for hint in hints}) == len(hints) >= 2
    assert {hint.name for hint in hints} <= {"striker", "scored", "goal", "match", "boil", "rice", "onions", "dish"}
    assert all(hint.name not in hint.description.split(", ") for hint in hints)
    assert spec_of("topic", "classes", lines).labels == hints


def test_labels_in_the_box_stay_and_their_names_are_taken():
    lines = suggested_labels(FakeModel(), TEXTS, "Goal: what I wrote\nrice", settings())
    hints = hints_of(lines)
    assert hints[:2] == (LabelHint("Goal", "what I wrote"), LabelHint("rice"))
    assert len({hint.name.casefold() for hint in hints}) == len(hints)


def test_each_cluster_has_a_name_of_its_own_the_largest_first():
    texts = ["apple pear"] * 3 + ["apple"] * 5 + ["☂"] * 2
    found = labels_of_clusters(texts, ["b"] * 3 + ["a"] * 5 + ["c"] * 2, taken=())
    assert found == (LabelHint("apple"), LabelHint("pear", "apple"))
    assert labels_of_clusters(["x" * 60] * 2, ["a", "a"], taken=()) == ()


def test_clusters_that_are_named_already_are_not_named_again(starter):
    once = suggested_labels(starter, TEXTS, "", settings())
    with pytest.raises(InputError, match="Clusters without a label were expected, each has the name of one already"):
        suggested_labels(starter, TEXTS, once, settings())


def test_a_box_that_is_full_takes_no_label_more():
    full = "\n".join(f"l{i}" for i in range(3))
    with pytest.raises(InputError, match="At most 3 labels were expected, there are 3 already"):
        suggested_labels(FakeModel(), TEXTS, full, replace(settings(), max_labels=3))


def test_other_languages_have_words_too():
    texts = [f"הרכבת מאחרת {i}" for i in range(6)] + [f"食堂が混んでいる {i}" for i in range(6)]
    assert hints_of(suggested_labels(FakeModel(), texts, None, settings()))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (TEXTS[:9], "At least 10 different texts were expected to find clusters, were 9."),
        (["one text"] * 50, "were 1."),
        ([f"{i} 😀" for i in range(20)], "the texts have none: type the labels."),
    ],
)
def test_too_few_texts_and_texts_without_words_are_one_sentence(texts, said):
    with pytest.raises(InputError, match=said):
        suggested_labels(FakeModel(), texts, "", settings())


def test_very_many_texts_are_sampled_and_the_limits_of_a_page_hold(monkeypatch):
    seen = []
    model = FakeModel()

    def analyze(_, texts):
        seen.extend(texts)
        return [analysis(text) for text in texts]

    monkeypatch.setattr(FakeModel, "analyze", analyze)
    lines = suggested_labels(model, [f"rice number {i} {'x ' * 2_000}" for i in range(100_000)], "", settings())
    assert len(seen) == 1_000 and max(map(len, seen)) <= 500 and lines
    few = replace(settings(), max_labels=3)
    assert len(hints_of(suggested_labels(model, TEXTS, "a\nb", few))) <= 3
    with pytest.raises(InputError, match="tokens in a file"):
        suggested_labels(model, TEXTS, "", replace(settings(), max_file_tokens=10))
