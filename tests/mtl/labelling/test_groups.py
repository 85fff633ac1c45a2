from itertools import combinations

import numpy as np
import pytest

from mtl.errors import InputError
from mtl.labelling.groups import MOST_IN_GROUP, SameAs, pairs_of_group
from mtl.labelling.pairs import pair_number, pair_of

A, B, C, D, E, F = range(6)
VECTORS = np.random.default_rng(0).standard_normal((6, 4)).astype("f4")


def said(same=(), different=()):
    return {pair_number(*pair): "same" for pair in same} | {pair_number(*pair): "different" for pair in different}


def test_a_chain_of_same_that_an_answer_denies_is_a_contradiction_with_its_shortest_chain():
    answers = said([(A, B), (B, C), (C, D), (B, D)], [(A, D), (A, E)])
    (found,) = SameAs(answers, 6).denied_by(answers)
    assert (found.number, found.texts) == (pair_number(A, D), (A, B, D))


def test_groups_are_what_chains_join_the_largest_first():
    assert SameAs(said([(E, F), (A, B), (B, D)], [(C, A)]), 6).groups() == ((A, B, D), (E, F))
    assert SameAs({}, 6).groups() == ()
    assert SameAs({}, 6).denied_by({}) == ()


def test_a_group_takes_as_few_pairs_as_join_it_all_with_the_middle_text():
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    middle = int((unit @ unit.sum(axis=0)).argmax())
    found = pairs_of_group(range(6), VECTORS, {})
    assert len(found) == 5 and all(middle in pair_of(number) for number in found)
    assert SameAs(dict.fromkeys(found, "same"), 6).groups() == (tuple(range(6)),)


def test_what_is_joined_already_is_not_asked_for_again():
    answers = said([(A, B), (B, C), (D, E)])
    found = pairs_of_group([A, B, C, D, E], VECTORS, answers)
    assert len(found) == 1
    assert pairs_of_group([A, B, C], VECTORS, answers) == ()


def test_pairs_of_the_group_that_were_answered_different_are_named_too():
    answers = said([(C, D)], list(combinations([A, B, D], 2)) + [(A, F)])
    found = set(pairs_of_group([A, B, C], VECTORS, answers))
    denied = {number for number, answer in answers.items() if answer == "different"} - {pair_number(A, F)}
    assert denied <= found  # that with D too, which is in the group by C
    after = answers | dict.fromkeys(found, "same")
    assert SameAs(after, 6).denied_by(after) == ()


@pytest.mark.parametrize("texts", [[], [A], range(MOST_IN_GROUP + 1)])
def test_groups_of_one_or_of_very_many_are_refused(texts):
    with pytest.raises(InputError, match="2 to 1,000 texts were expected"):
        pairs_of_group(texts, VECTORS, {})
