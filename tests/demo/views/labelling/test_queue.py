import json
from html.parser import HTMLParser

import pytest

from demo.views.labelling.queue import accepted, page_of_table
from mtl.labelling import Guess, PairCosine, TablePage, TableRow
from tests.demo.views.labelling.shown import CLASSES, COUNTS, LABELS, LIKELY, MARKED, PAIRS, SPANS, SURE, TEXT

SETS = Guess(("<b>", "travel"), 0.6, {"<b>": 0.6, "travel": 0.9})


class Boxes(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input" and "data-number" in given:
            self.found.append([int(given["data-number"]), json.loads(given["data-answer"])])


def page(*rows, at=0, pages=1):
    return TablePage(tuple(rows), at, pages, len(rows), COUNTS)


@pytest.mark.parametrize(("spec", "guess"), [(CLASSES, SURE), (LABELS, SETS), (SPANS, MARKED)])
def test_what_is_shown_and_ticked_is_what_is_accepted(spec, guess):
    html = page_of_table(page(TableRow(0, TEXT, guess), TableRow(1, TEXT, guess)), spec, project="p")
    boxes = Boxes(html).found
    assert len(boxes) == 2
    assert accepted(boxes, spec, (TEXT, TEXT)) == {0: guess.answer, 1: guess.answer}
    assert accepted(boxes[1:], spec, (TEXT, TEXT)) == {1: guess.answer}


def test_texts_and_labels_are_escaped():
    html = page_of_table(page(TableRow(0, TEXT, SURE), TableRow(1, TEXT, SETS)), LABELS, project="p")
    assert "<i>Bo" not in html
    assert "<b></span>" not in html


def test_a_text_without_a_guess_cannot_be_accepted():
    html = page_of_table(page(TableRow(0, TEXT, None), TableRow(1, TEXT, SURE)), CLASSES, project="p")
    assert [number for number, _ in Boxes(html).found] == [1]
    assert "disabled" in html


def test_an_empty_table_says_why():
    assert "Nothing is left" in page_of_table(page(), CLASSES, project="p")
    assert "label a few texts" in page_of_table(page(TableRow(0, TEXT, None)), CLASSES, project="p")


def test_pages_are_turned_within_their_bounds():
    first = page_of_table(page(TableRow(0, TEXT, SURE), at=0, pages=2), CLASSES, project="p")
    last = page_of_table(page(TableRow(0, TEXT, SURE), at=1, pages=2), CLASSES, project="p")
    assert 'data-page="-1" disabled' in first
    assert 'data-page="1">' in first
    assert 'data-page="2" disabled' in last


@pytest.mark.parametrize("sent", [None, 7, [1], [[5, "travel"]], [[-1, "travel"]], [["0", "travel"]], [[0]], {}])
def test_what_is_no_row_is_not_accepted(sent):
    assert accepted(sent, CLASSES, (TEXT,)) == {}


def test_a_page_of_pairs_is_answered_the_same_or_different_as_a_whole():
    rows = [TableRow(number, TEXT, LIKELY, "<b>other</b>", PairCosine(0.831, 0.7)) for number in (4, 3_000)]
    html = page_of_table(page(*rows), PAIRS, project="p")
    assert [number for number, _ in Boxes(html).found] == [4, 3_000]
    assert 'data-key="1" data-answer="same"' in html and 'data-key="2" data-answer="different"' in html
    assert "0.83" in html and "2 pairs" in html
    assert "<b>other" not in html and "<i>Bo" not in html
    assert accepted([[4, "same"], [3_000, "different"], ["x", "same"]], PAIRS, (TEXT,)) == {
        4: "same",
        3_000: "different",
    }


def test_a_page_of_texts_is_accepted_by_one_key():
    html = page_of_table(page(TableRow(0, TEXT, SURE)), CLASSES, project="p")
    assert html.count("data-key") == 1 and 'data-key="a">' in html
