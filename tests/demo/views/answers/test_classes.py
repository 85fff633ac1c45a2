import re

from demo.answers.passes import winner
from demo.views.answers.classes import bars, class_table
from tests.demo.fakes import analysis


def test_bars_are_sorted_and_as_long_as_the_probability():
    html = bars({"t": {"low": 0.1, "high": 0.7, "mid": 0.2}}, {"high": "#010101"})
    assert re.findall(r'data-label="(\w+)"', html) == ["high", "mid", "low"]
    assert re.findall(r"width:([\d.]+)%", html) == ["70.0", "20.0", "10.0"]
    assert "#010101" in html


def test_labels_and_tasks_are_escaped():
    assert "<i>x" not in bars({"<i>x": {"<i>x": 1.0}}, {})


def test_a_row_for_each_text_with_the_winner():
    html = class_table([analysis("first <b>"), analysis("second")], {})
    assert html.count("<tr>") == 3
    assert "first &lt;b&gt;" in html
    assert html.count("sports") == 2
    assert html.count("0.75") == 2


def test_the_winner_is_the_most_probable_label():
    assert winner({"a": 0.2, "b": 0.8}) == ("b", 0.8)


def test_a_winner_below_the_threshold_is_unsure():
    assert "unsure" in bars({"t": {"a": 0.6, "b": 0.4}}, {}, threshold=0.7)
    assert "unsure" not in bars({"t": {"a": 0.6, "b": 0.4}}, {}, threshold=0.6)
    assert class_table([analysis("x")], {}, threshold=0.8).count("unsure") == 1


def test_every_label_can_be_chosen_instead_where_it_may_be_corrected():
    html = class_table([analysis("x")], {}, correctable=True)
    options = re.findall(r'<option value="(\w+)"( selected)?>(\w+)<', html)
    assert options == [("sports", " selected", "sports"), ("travel", "", "travel")]
    assert 'data-task="topic" data-row="0"' in html
