from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.fitting import MOST_TEXTS
from mtl.labelling.pairs import pair_count, pair_number, pair_numbers, pair_of, pairs_of


def test_pairs_have_all_numbers_from_0_on_each_once():
    pairs = list(combinations(range(30), 2))
    numbers = [pair_number(*pair) for pair in pairs]
    assert sorted(numbers) == list(range(pair_count(30)))
    assert [pair_number(second, first) for first, second in pairs] == numbers
    assert [pair_of(number) for number in numbers] == pairs
    assert pair_numbers(np.array(pairs)).tolist() == numbers
    assert pairs_of(np.array(numbers)).tolist() == [list(pair) for pair in pairs]


@given(st.lists(st.integers(0, pair_count(10 * MOST_TEXTS) - 1), min_size=1))
def test_large_numbers_are_exact(numbers):
    found = pairs_of(np.array(numbers))
    assert [tuple(pair) for pair in found.tolist()] == [pair_of(number) for number in numbers]
    assert pair_numbers(found[:, ::-1]).tolist() == numbers


@pytest.mark.parametrize("texts", [(3, 3), (-1, 2)])
def test_no_pair_is_refused(texts):
    with pytest.raises(ValueError, match="two different texts"):
        pair_number(*texts)
