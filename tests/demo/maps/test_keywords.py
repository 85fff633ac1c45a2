import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.maps.keywords import WORDS, keywords


def test_names_are_the_words_of_a_group_that_others_lack():
    texts = ["The match was won by the team", "The team lost the match", "Boil the rice", "Fry the rice with onions"]
    found = keywords(texts, ["a", "a", "b", "b"])
    assert found["a"].split(", ")[:2] in (["match", "team"], ["team", "match"])
    assert found["b"].startswith("rice, ")


def test_scores_are_those_of_the_formula():
    """Counted by hand: word frequency in the group times log(1 + mean words of a group / frequency of the word)."""
    texts, groups = ["sun moon moon star", "sun sea sea sea fish ship"], ["sky", "water"]
    counts = {"sky": {"sun": 1, "moon": 2, "star": 1}, "water": {"sun": 1, "sea": 3, "fish": 1, "ship": 1}}
    mean = np.mean([4, 6])
    for group, own in counts.items():
        total = {word: sum(one.get(word, 0) for one in counts.values()) for word in own}
        score = {word: count / sum(own.values()) * np.log1p(mean / total[word]) for word, count in own.items()}
        best = sorted(own, key=lambda word: (-score[word], word))[:WORDS]
        assert keywords(texts, groups)[group] == ", ".join(best)


@pytest.mark.parametrize("texts", [["", "  "], ["😀", "1 2 3"], ["the", "of"]])
def test_groups_without_words_have_no_name(texts):
    assert keywords(texts, ["a", "b"]) == {"a": "", "b": ""}


@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from("abc")), min_size=1, max_size=9))
def test_any_texts_have_names_for_every_group(rows):
    found = keywords([text for text, _ in rows], [group for _, group in rows])
    assert found.keys() == {group for _, group in rows}
    assert all(len(name.split(", ")) <= WORDS for name in found.values())


def test_scripts_without_spaces_have_names():
    assert keywords(["\u732b\u732b\u732b", "\u72ac\u72ac"], ["a", "b"])["a"] == "\u732b"
