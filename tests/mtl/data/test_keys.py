"""Examples that are alike, found by hashes, against going through all of them."""

from hypothesis import given
from hypothesis import strategies as st

from mtl.data.keys import conflicts, first_places, firsts, hashes

KEYS = st.lists(st.sampled_from("abcde"), max_size=12)


@given(KEYS)
def test_each_key_stands_first_where_it_comes_first(keys: list[str]):
    assert firsts(hashes(keys)).tolist() == [i for i, key in enumerate(keys) if key not in keys[:i]]


@given(KEYS, KEYS)
def test_a_wanted_key_is_found_where_it_comes_first(wanted: list[str], keys: list[str]):
    expected = [keys.index(key) if key in keys else -1 for key in wanted]
    assert first_places(hashes(wanted), hashes(keys)).tolist() == expected


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=12))
def test_conflicts_are_keys_with_several_answers(pairs: list[tuple[str, str]]):
    found = conflicts(hashes(key for key, _ in pairs), hashes(answer for _, answer in pairs))
    several = [key for key in dict.fromkeys(key for key, _ in pairs) if len({a for k, a in pairs if k == key}) > 1]
    assert found.count == len(several)
    assert found.first == tuple(i for i, pair in enumerate(pairs) if pair[0] in several[:1] and pair not in pairs[:i])
