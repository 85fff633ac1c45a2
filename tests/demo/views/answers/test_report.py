import re

from demo.views.answers.report import confusion, measures, per_label


def cells(html: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", html)[1:]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_rows_are_right_labels_and_columns_predicted_ones():
    html = confusion(["a", "a", "b"], ["a", "b", "b"])
    assert cells(html) == [["1", "1"], ["0", "1"]]
    assert html.count('data-right="yes"') == 2


def test_rare_labels_share_one_row_and_one_column():
    labels = [f"l{i:02}" for i in range(30)]
    html = confusion(labels, labels)
    assert len(cells(html)) == 20
    assert cells(html)[-1][-1] == "11"


def test_labels_are_escaped():
    assert "<b>" not in confusion(["<b>x"], ["<b>x"]) + per_label({}, {"<b>": 1}) + measures({"<b>": "y"})[:40]


def test_every_label_has_its_measures_and_cases():
    html = per_label({"precision/a": 0.5, "recall/a": 1.0, "f1/a": 0.667}, {"a": 3})
    for piece in (">a<", "0.50", "1.00", "0.67", ">3<"):
        assert piece in html
