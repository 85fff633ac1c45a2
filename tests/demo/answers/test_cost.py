from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.answers.cost import MOST_CHARACTERS, chunks, need_file, need_typed
from mtl.errors import InputError
from tests.demo.fakes import settings

PAGE = replace(settings(share=True), max_tokens=10, max_file_tokens=20, max_text_characters=50)


class Words:
    def __init__(self):
        self.longest = 0

    def count_tokens(self, sentences):
        self.longest = max(self.longest, sum(map(len, sentences)))
        return sum(len(text.split()) for text in sentences)


def test_typed_texts_may_have_so_many_tokens_together():
    need_typed(Words(), ["a " * 5, "b " * 5], PAGE)
    with pytest.raises(InputError, match="At most 10 tokens at once were expected, were 11"):
        need_typed(Words(), ["a " * 5, "b " * 6], PAGE)


def test_a_file_may_have_more_tokens_but_no_endless_text():
    need_file(Words(), ["a " * 10, "b " * 10], PAGE)
    with pytest.raises(InputError, match="At most 20 tokens in a file were expected, were 21"):
        need_file(Words(), ["a " * 10, "b " * 11], PAGE)
    with pytest.raises(InputError, match="Texts of at most 50 characters were expected, one has 51"):
        need_file(Words(), ["a", "b" * 51], PAGE)


def test_counting_ends_where_the_limit_is_passed():
    counter = Words()
    with pytest.raises(InputError, match="the first 1 of 3 texts have 50,000"):
        need_typed(counter, ["a " * (MOST_CHARACTERS // 2)] * 3, PAGE)
    assert counter.longest == MOST_CHARACTERS


@given(st.lists(st.integers(0, MOST_CHARACTERS * 2), max_size=30), st.integers(1, 10))
def test_chunks_hold_all_texts_in_order_within_their_bounds(lengths, most):
    texts = ["x" * length for length in lengths]
    found = [list(part) for part in chunks(texts, most)]
    assert [text for part in found for text in part] == texts
    assert all(0 < len(part) <= most for part in found)
    assert all(len(part) == 1 or sum(map(len, part)) <= MOST_CHARACTERS for part in found)
    assert len(list(chunks(["x"] * 5, 5))) == 1
