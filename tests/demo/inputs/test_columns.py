import pytest

from demo.inputs.columns import TablePreview, first_rows, guess
from mtl.errors import DataError
from mtl.recipe import TaskKind

CLASSES, PAIRS = TaskKind.CLASSIFICATION, TaskKind.SIMILARITY


def test_the_first_rows_of_a_table_are_shown_with_its_columns(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("body,kind,id\n" + "".join(f"text {i},k,{i}\n" for i in range(9)))
    found = first_rows(file)
    assert found.columns == ("body", "kind", "id")
    assert len(found.rows) == 5
    assert found.rows[0] == ("text 0", "k", "0")


def test_parquet_and_jsonl_are_shown_too(tmp_path):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"body": ["a"], "n": [1]}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"body": "a", "n": 1}\n')
    for name in ("a.parquet", "a.jsonl"):
        found = first_rows(tmp_path / name)
        assert (found.columns, found.rows) == (("body", "n"), (("a", "1"),)), name


def test_a_table_without_rows_is_refused_with_its_line(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    with pytest.raises(DataError, match=r"a\.csv:1: at least one row"):
        first_rows(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("kind", "columns", "expected"),
    [
        (CLASSES, ("id", "Review", "sentiment"), {"text": "Review", "label": "sentiment"}),
        (CLASSES, ("label", "text"), {"text": "text", "label": "label"}),
        (CLASSES, ("a", "b", "c"), {"text": "a", "label": "b"}),
        (CLASSES, ("only",), {"text": "only"}),
        (
            PAIRS,
            ("premise", "hypothesis", "label"),
            {"sentence1": "premise", "sentence2": "hypothesis", "score": "label"},
        ),
        (
            PAIRS,
            ("anchor", "positive", "negative", "label"),
            {"sentence1": "anchor", "sentence2": "positive", "negative": "negative"},
        ),
        (PAIRS, ("a", "b", "c"), {"sentence1": "a", "sentence2": "b"}),
        (TaskKind.TAGGING, ("tokens",), {}),
    ],
)
def test_columns_are_guessed_by_usual_names_and_then_by_order(kind, columns, expected):
    assert guess(kind, TablePreview(columns, ())) == expected


def test_columns_are_guessed_by_what_they_hold(tmp_path):
    rows = "".join(f"{i},https://example.org/{i},the {i}th lamp flickers at night,{i % 2}\n" for i in range(5))
    (tmp_path / "a.csv").write_text("number,link,remark,kind\n" + rows)
    assert guess(CLASSES, first_rows(tmp_path / "a.csv")) == {"text": "remark", "label": "kind"}


def test_a_score_is_a_column_of_numbers(tmp_path):
    rows = "".join(f"the lamp {i} flickers,a light goes out,{i / 5},note {i}\n" for i in range(5))
    (tmp_path / "a.csv").write_text("one,other,points,remark\n" + rows)
    assert guess(PAIRS, first_rows(tmp_path / "a.csv", PAIRS)).get("score") == "points"
    (tmp_path / "b.csv").write_text("one,other,kind\nthe lamp flickers,a light goes out,x\n")
    assert guess(PAIRS, first_rows(tmp_path / "b.csv", PAIRS)).keys() == {"sentence1", "sentence2"}


@pytest.mark.parametrize("broken", [1, 3, 50, 99])
def test_a_wrong_row_does_not_hide_the_columns(tmp_path, broken):
    lines = [f'{i},"a text, {i}",x' for i in range(1, 101)]
    lines[broken - 1] = f'{broken},"never closed,x'
    (tmp_path / "a.csv").write_text("\n".join(["id,remark,kind", *lines]) + "\n")
    table = first_rows(tmp_path / "a.csv")
    assert table.columns == ("id", "remark", "kind")
    assert [row[0] for row in table.rows] == [str(i) for i in range(1, 8) if i != broken][:5]
    assert len(table.sample) == 99


def test_a_table_whose_every_row_is_wrong_says_why(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,b,c\nd,e,f\n")
    with pytest.raises(DataError, match=r"a\.csv:2: 2 fields \(text, label\) were expected, were 3"):
        first_rows(tmp_path / "a.csv")
