import re

import pytest

from demo.guide.pages import Page, read_page
from mtl.recipe import Pooling, Preset


@pytest.mark.parametrize("page", list(Page))
def test_every_page_has_a_title_and_a_text_that_is_short(page):
    text = read_page(page)
    assert text.title
    assert 80 < len(re.findall(r"\w+", text.body)) < 500


def test_the_pooling_page_explains_every_pooling():
    assert all(f"`{pooling}`" in read_page(Page.POOLING).body for pooling in Pooling)


def test_the_freezing_page_has_a_row_for_every_preset():
    rows = [line for line in read_page(Page.FREEZING).body.splitlines() if line.startswith("| ")]
    assert len(rows) - 1 == len(Preset)


def test_no_page_says_a_figure_with_decimals_which_only_a_program_may_write():
    for page in Page:
        assert not re.findall(r"\d+\.\d+", read_page(page).body)
