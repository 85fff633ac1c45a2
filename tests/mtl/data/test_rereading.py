"""Rows that are gone through several times: the same each time, and told of once."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from mtl.data import MultiLabelText, TaggedText, TaskLog, read_files, rereading
from mtl.data.place import Place, ReadLog, Row
from mtl.data.rereading import RereadRows
from mtl.errors import DataError
from mtl.recipe import TaskConfig

COUNT = 10


def rows_of(passes: list[int], log: ReadLog | None) -> Iterator[Row]:
    passes.append(0)
    for number in range(COUNT):
        passes[-1] += 1
        if number % 3 == 2:
            (log or ReadLog()).bad(Place(Path("t"), number).error("bad"))
        else:
            yield Row(Place(Path("t"), number), {"n": number})


@pytest.mark.parametrize("most", [0, 1, 3, 100])
@pytest.mark.parametrize("looks", [(), (1,), (4, 2), (0, 7, 7), (5, 0)], ids=str)
def test_every_pass_has_all_rows_and_each_error_is_told_once(
    monkeypatch: pytest.MonkeyPatch, most: int, looks: tuple[int, ...]
):
    monkeypatch.setattr(rereading, "KEPT", most)
    errors: list[DataError] = []
    passes: list[int] = []
    rows = RereadRows(partial(rows_of, passes), ReadLog(errors.append))
    expected = [number for number in range(COUNT) if number % 3 != 2]
    for look in looks:
        assert [row.values["n"] for row in islice(rows, look)] == expected[:look]
    for _ in range(3):
        assert [row.values["n"] for row in rows] == expected
    assert [error.line for error in errors] == [2, 5, 8]
    if most == 100:
        assert passes == [COUNT]  # what stays in memory is read once


@pytest.mark.parametrize("most", [1, 20_000])
def test_a_tagging_file_is_known_whole_before_its_first_row_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr(rereading, "KEPT", most)
    (tmp_path / "bare.conll").write_text("Ann P\nran O\n\nTom P\n\nRome L\n", encoding="utf-8")
    (tmp_path / "late.conll").write_text("Ann o\n\nTom b-P\n", encoding="utf-8")
    log = TaskLog()
    files = [str(tmp_path / "bare.conll"), str(tmp_path / "late.conll")]
    found = read_files(TaskConfig(kind="tagging"), files, log=log)
    assert [e.tags for e in found if isinstance(e, TaggedText)] == [("B-P", "O"), ("B-P",), ("B-L",), ("O",), ("B-P",)]
    assert sum("types without B-" in note for note in log.notes) == 1
    assert sum("lower case" in note for note in log.notes) == 1


@pytest.mark.parametrize("most", [1, 20_000])
def test_offsets_of_another_unit_are_told_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(rereading, "KEPT", most)
    row = '{"text": "😀😀 Anna ran", "spans": [{"start": 5, "end": 9, "label": "P"}]}\n'
    (tmp_path / "t.jsonl").write_text(row * 4, encoding="utf-8")
    log = TaskLog()
    for example in read_files(TaskConfig(kind="tagging"), [str(tmp_path / "t.jsonl")], log=log):
        assert isinstance(example, TaggedText)
        (span,) = example.char_spans()
        assert example.text[span.start : span.end] == "Anna"
    assert [note for note in log.notes if "UTF-16" in note]


@pytest.mark.parametrize("most", [1, 20_000])
def test_columns_of_0_and_1_are_told_from_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(rereading, "KEPT", most)
    content = "text,good,long,stars\none,1,0,7\ntwo,0,1,1\nthree,1,1,5\nfour,0,0,9\n"
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    found = read_files(TaskConfig(kind="classification", multi_label=True), [str(tmp_path / "t.csv")], log=TaskLog())
    sets = [("good",), ("long",), ("good", "long"), ()]
    assert list(found) == [
        MultiLabelText(text, labels) for text, labels in zip(("one", "two", "three", "four"), sets, strict=True)
    ]
