"""Labels of a text in every form that a table has them in."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl.data import MultiLabelText, read_files, read_task
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind

CONFIG = TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True)
LABELS = ("angry", "calm", "two words", "7")
SETS = st.lists(st.sets(st.sampled_from(LABELS)), min_size=1, max_size=6)


def read(path: Path, config: TaskConfig = CONFIG) -> list[tuple[str, ...]]:
    return [example.labels for example in read_files(config, [str(path)]) if isinstance(example, MultiLabelText)]


def write_table(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@settings(max_examples=30)
@given(sets=SETS)
def test_every_form_gives_the_same_sets(tmp_path: Path, sets: list[set[str]]):
    import pyarrow as pa
    import pyarrow.parquet as pq

    expected = [tuple(sorted(own)) for own in sets]
    lists = [sorted(own, reverse=True) for own in sets]
    texts = [f"text {i}" for i in range(len(sets))]
    lines = [json.dumps({"text": t, "labels": own}) for t, own in zip(texts, lists, strict=True)]
    (tmp_path / "lists.jsonl").write_text("\n".join(lines))
    pq.write_table(pa.table({"text": texts, "labels": pa.array(lists, pa.list_(pa.string()))}), tmp_path / "l.parquet")
    joined = [[t, " | ".join(own)] for t, own in zip(texts, lists, strict=True)]
    flags = [[t, *(int(label in own) for label in LABELS)] for t, own in zip(texts, lists, strict=True)]
    files = [
        tmp_path / "lists.jsonl",
        tmp_path / "l.parquet",
        write_table(tmp_path / "joined.csv", ["text", "labels"], joined),
        write_table(tmp_path / "one.csv", ["text", "label"], joined),
        write_table(tmp_path / "flags.csv", ["text", *LABELS], flags),
    ]
    for file in files:
        assert read(file) == expected, file.name


def test_columns_of_ids_and_numbers_are_no_labels(tmp_path: Path):
    rows = [[i, f"text {i}", i % 2, 0.5 * i, "true" if i % 3 else "false"] for i in range(6)]
    file = write_table(tmp_path / "a.csv", ["id", "text", "late", "price", "rude"], rows)
    assert read(file) == [(), ("late", "rude"), ("rude",), ("late",), ("rude",), ("late", "rude")]


def test_a_wrong_flag_is_refused_with_its_row(tmp_path: Path):
    file = write_table(tmp_path / "a.csv", ["text", "late"], [["a", 1], ["b", 0], ["c", "maybe"]])
    with pytest.raises(DataError, match="a.csv:4: late is 0 or 1 as in most rows, was 'maybe'$"):
        read(file)


@pytest.mark.parametrize(
    ("value", "gist"),
    [
        (None, "labels is a list of labels, or a text with | between them, was nothing"),
        (0.5, "was 0.5"),
        ({"a": 1}, "was {'a': 1}"),
        (["a", None], "labels is a string, was nothing"),
        (["a", " "], "labels is empty"),
        ("a||b", "labels is empty"),
        ([1.5], "labels is a string, a whole number or a boolean, was 1.5"),
    ],
)
def test_a_wrong_set_is_refused_with_its_line(tmp_path: Path, value: object, gist: str):
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join([json.dumps({"text": "a", "labels": []}), json.dumps({"text": "b", "labels": value})]))
    with pytest.raises(DataError) as caught:
        read(file)
    assert (caught.value.line, gist in caught.value.message) == (2, True)


def test_a_table_without_labels_is_refused(tmp_path: Path):
    file = write_table(tmp_path / "a.csv", ["text", "price"], [["a", 3], ["b", 4]])
    with pytest.raises(
        DataError, match="a column labels or label, or a column of 0 and 1 for each label, was expected"
    ):
        read(file)


def test_labels_are_renamed_and_stay_distinct(tmp_path: Path):
    file = write_table(tmp_path / "a.csv", ["text", "labels"], [["a", "x|y|z"]])
    assert read(file, CONFIG.model_copy(update={"map_labels": {"x": "y"}})) == [("y", "z")]


def test_one_label_is_enough_but_none_is_not(tmp_path: Path):
    one = write_table(tmp_path / "one.csv", ["text", "labels"], [["a", "x"], ["b", ""]])
    data = read_task("tone", CONFIG.model_copy(update={"train": (str(one),)}))
    assert data.labels == ("x",)
    none = write_table(tmp_path / "none.csv", ["text", "labels"], [["a", ""], ["b", ""]])
    with pytest.raises(DataError, match="at least one label was expected for tone, every set of labels is empty"):
        read_task("tone", CONFIG.model_copy(update={"train": (str(none),)}))
