import re
from dataclasses import replace

import pytest

from demo.answers.passes import winner
from demo.views.answers.classes import bars, class_table
from mtl.inference import Analysis
from tests.demo.fakes import analysis


def of(classes: dict[str, dict[str, float]]) -> Analysis:
    return replace(analysis("x"), classes=classes)


def test_bars_are_sorted_and_as_long_as_the_probability():
    html = bars(of({"t": {"low": 0.1, "high": 0.7, "mid": 0.2}}), {"high": "#010101"})
    assert re.findall(r'data-label="(\w+)"', html) == ["high", "mid", "low"]
    assert re.findall(r"width:([\d.]+)%", html) == ["70.0", "20.0", "10.0"]
    assert "#010101" in html


def test_labels_and_tasks_are_escaped():
    assert "<i>x" not in bars(of({"<i>x": {"<i>x": 1.0}}), {})


def test_a_row_for_each_text_with_the_winner():
    html = class_table([analysis("first <b>"), analysis("second")], {})
    assert html.count("<tr>") == 3
    assert "first &lt;b&gt;" in html
    assert html.count("sports") == 2
    assert html.count("0.75") == 2


def test_the_winner_is_the_most_probable_label():
    assert winner({"a": 0.2, "b": 0.8}) == ("b", 0.8)


def test_a_winner_below_the_threshold_is_unsure():
    assert "unsure" in bars(of({"t": {"a": 0.6, "b": 0.4}}), {}, threshold=0.7)
    assert "unsure" not in bars(of({"t": {"a": 0.6, "b": 0.4}}), {}, threshold=0.6)
    assert class_table([analysis("x")], {}, threshold=0.8).count("unsure") == 1


def test_every_label_can_be_chosen_instead_where_it_may_be_corrected():
    html = class_table([analysis("x")], {}, correctable=True)
    options = re.findall(r'<option value="(\w+)"( selected)?>(\w+)<', html)
    assert options == [("sports", " selected", "sports"), ("travel", "", "travel")]
    assert 'data-task="topic" data-row="0"' in html


LIMITS = {"t": {"low": 0.5, "high": 0.6, "mid": 0.2}}
SCORES = {"t": {"low": 0.1, "high": 0.7, "mid": 0.2}}


def test_of_several_labels_those_that_reach_their_thresholds_are_chosen_and_marked():
    html = bars(of(SCORES), {}, limits=LIMITS)
    assert re.findall(r'data-label="(\w+)" data-chosen="yes"', html) == ["high", "mid"]
    assert re.findall(r"--limit:([\d.]+)%", html) == ["60.0", "20.0", "50.0"]
    assert "2 of 3 labels" in html
    assert "checkbox" not in html


def test_several_labels_can_be_ticked_and_saved():
    html = bars(of(SCORES), {}, limits=LIMITS, correctable=True)
    assert re.findall(r'value="(\w+)"( checked)?>', html) == [("high", " checked"), ("mid", " checked"), ("low", "")]
    assert 'data-act="correct" data-row="0" data-task="t"' in html


@pytest.mark.parametrize("correctable", [True, False])
def test_a_row_has_all_chosen_labels_or_says_that_there_is_none(correctable: bool):
    some = replace(analysis("x"), classes=SCORES, labels={"t": ("high", "mid")})
    none = replace(some, labels={"t": ()})
    html = class_table([some, none], {}, limits=LIMITS, correctable=correctable, threshold=0.5)
    first, second = html.split("<tr>")[2:]
    assert first.index("high") < first.index("mid")
    assert first.count("unsure") == 1
    assert "no label" in second
    assert html.count("<details") == (2 if correctable else 0)
