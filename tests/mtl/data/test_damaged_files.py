"""Damaged files, and files that hold other things than their format says: one sentence, nothing dropped silently."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from openpyxl import Workbook

from mtl.data import read_files
from mtl.data.formats.delimited import distinct
from mtl.data.place import ReadLog
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError
from mtl.recipe import TaskConfig

CLASSES = TaskConfig(kind="classification")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('[{"text":"a b","label":"x"}]\n[{"text":"c d","label":"y"}]\n', 2),
        ('{"data":[{"text":"a","label":"x"},\n{"text":"b","label":"y"}]}\n{"data":[{"text":"c","label":"x"}]}\n', 3),
        ('[\n{"text":"a b","label":"x"}\n]\n\nmore', 5),
    ],
)
def test_what_follows_the_json_of_a_file_is_refused(tmp_path: Path, content: str, line: int):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError, match=rf"a\.json:{line}: the end of the file was expected"):
        read_files(CLASSES, [str(tmp_path / "a.json")])


@pytest.mark.parametrize("bad", [b"t\0wo", b"t\xffwo\xc3\xa9\xc3\xa9"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_record_with_a_line_that_cannot_be_read_is_one_rejected_row(tmp_path: Path, bad: bytes, at: int):
    lines = [b"one", b"two", b"three"]
    lines[at] = bad
    content = b'id,text\n0,good\n1,"' + b"\n".join(lines) + b'"\n2,plain \xc3\xa9\n3,more \xc3\xa9\n'
    (tmp_path / "a.csv").write_bytes(content)
    rejected: list[DataError] = []
    found = list(read_texts(text_source(tmp_path / "a.csv"), ReadLog(rejected.append)))
    texts = [row.text for row in found if row.text is not None]
    assert [text for text in texts if text in ("good", "plain é", "more é")] == ["good", "plain é", "more é"]
    assert (len(texts), len(found), len(rejected)) == (3, 4, 1)


@pytest.mark.parametrize("opens", [b'1,"t\xffwo\xff\n', b'1,t"w\xffo\n', b'1,t\xffwo"\n'])
def test_a_line_that_cannot_be_read_costs_its_record_whatever_quotes_it_has(tmp_path: Path, opens: bytes):
    rows = b"".join(b'%d,"text \xc3\xa9 %d, said"\n' % (i, i) for i in range(2, 40))
    (tmp_path / "a.csv").write_bytes(b"id,text\n0,good \xc3\xa9\n" + opens + rows)
    rejected: list[DataError] = []
    found = list(read_texts(text_source(tmp_path / "a.csv"), ReadLog(rejected.append)))
    assert [row.line for row in found if row.text is None] == [error.line for error in rejected] == [3]
    assert len(found) == 40


RECORDS = [
    {"text": "a b", "entities": 5},
    {"text": "a b", "entities": [[0, 1, "X"]]},
    {"paragraphs": [{"sentences": 5}]},
    {"paragraphs": [{"raw": "a", "sentences": [{"tokens": [1]}]}]},
    {"data": {"text": "a"}, "annotations": [{"result": 5}]},
    {"data": {"text": "a"}, "annotations": [{"result": [{"value": {"choices": 5}}]}]},
    {"data": {"text": "a"}, "annotations": [{"result": [{"value": {"labels": 5, "start": 0, "end": 1}}]}]},
    {"responses": {"l": 5}, "fields": {"text": "a"}},
    {"annotation": "x", "status": "y", "inputs": "z"},
    {"tokenized_text": 5, "ner": 5},
    {"tokens": ["a"], "ner_tags": [[1]]},
    {"text": "a", "_task_hash": 1, "spans": 5, "accept": 7},
    {"text": "a", "label": [[0, 1, 2]]},
]


@pytest.mark.parametrize("first", RECORDS, ids=json.dumps)
@pytest.mark.parametrize("second", [*RECORDS, None, 5, [], "x"], ids=json.dumps)
@pytest.mark.parametrize("kind", ["classification", "tagging", None])
def test_records_of_other_types_than_a_tool_writes_are_refused_or_read(
    tmp_path: Path, first: object, second: object, kind: str | None
):
    (tmp_path / "a.json").write_text(json.dumps([first, second]))
    try:
        if kind is None:
            list(read_texts(text_source(tmp_path / "a.json"), ReadLog(lambda _: None)))
        else:
            read_files(TaskConfig(kind=kind), [str(tmp_path / "a.json")])
    except DataError as error:
        assert str(error)


def test_a_workbook_with_a_damaged_sheet_is_refused(tmp_path: Path):
    book = Workbook()
    for row in [["text", "label"], ["a", "x"], ["b", "y"]]:
        book.active.append(row)
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    with pytest.raises(DataError, match=r"a\.xlsx: an Excel workbook was expected, its first sheet is damaged"):
        read_files(CLASSES, [str(tmp_path / "a.xlsx")])


def test_a_parquet_file_with_damaged_pages_is_refused(tmp_path: Path):
    rows = 1000
    texts = [str(number) for number in np.random.default_rng(0).integers(10**9, size=rows)]
    table = pyarrow.table({"text": texts, "label": ["x"] * rows})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", use_dictionary=False)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[4:2000] = bytes(1996)
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.parquet: a Parquet file was expected, it is damaged after row 0"):
        read_files(CLASSES, [str(tmp_path / "a.parquet")])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a"], ["a (2)", "a", "a (3)"]),
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["", "", "b"], ["", " (2)", "b"]),
    ],
)
def test_no_column_hides_another(names: list[str], expected: list[str]):
    assert distinct(names) == expected


def test_columns_of_one_name_in_a_parquet_file_are_all_kept(tmp_path: Path):
    columns = [pyarrow.array([value]) for value in ("t", "1", "2")]
    table = pyarrow.Table.from_arrays(columns, ["text", "a", "a"])
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    (row,) = read_texts(text_source(tmp_path / "a.parquet"))
    assert row.values == {"text": "t", "a": "1", "a (2)": "2"}


def test_sets_of_labels_in_a_field_are_read_as_lists(tmp_path: Path):
    (tmp_path / "a.csv").write_text('text,labels\none,"[""a"", ""b|c""]"\ntwo,[]\nthree,a|d\n')
    config = TaskConfig(kind="classification", multi_label=True)
    assert [e.labels for e in read_files(config, [str(tmp_path / "a.csv")])] == [("a", "b|c"), (), ("a", "d")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"a\.csv: a file was expected, this is a pipe"):
        read_files(CLASSES, [str(tmp_path / "a.csv")])
    with pytest.raises(DataError, match="this is a pipe"):
        list(read_texts(text_source(tmp_path / "a.csv")))


def test_one_column_cannot_be_text_and_label():
    with pytest.raises(ValueError, match="a different column was expected for each of text, label"):
        TaskConfig(kind="classification", columns={"text": "text", "label": "text"})
