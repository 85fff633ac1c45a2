"""Files of JSON lines, cut off at any byte."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.jsonl import append_line, read_records

RECORDS = st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5) | st.integers(), max_size=3), max_size=4)


def read(path: Path) -> list[dict[str, object] | None]:
    with path.open("rb") as file:
        return [record for _, record in read_records(file)]


@given(before=RECORDS, after=RECORDS, data=st.data())
def test_what_is_appended_to_a_file_that_was_cut_off_anywhere_is_read(
    tmp_path: Path, before: list[dict[str, object]], after: list[dict[str, object]], data: st.DataObject
):
    path = tmp_path / "a.jsonl"
    whole = b"".join(json.dumps(record).encode() + b"\n" for record in before)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    for record in after:
        append_line(path, json.dumps(record, ensure_ascii=False))
    kept = whole[:cut].count(b"\n")
    found = read(path)
    assert found[:kept] == before[:kept]
    assert found[len(found) - len(after) :] == after
    between = found[kept : len(found) - len(after)]
    assert between == [None] * (cut > len(b"".join(whole.splitlines(keepends=True)[:kept])) and bool(after))


@given(record=RECORDS.filter(bool), lost=st.integers(1, 30))
def test_a_line_without_its_end_never_counts(tmp_path: Path, record: list[dict[str, object]], lost: int):
    path, line = tmp_path / "a.jsonl", json.dumps(record[0]).encode() + b"\n"
    path.write_bytes(b"{}\n" + line[: max(1, len(line) - lost)])
    append_line(path, '{"next": 1}')
    append_line(path, '{"last": 1}')
    assert read(path) == [{}, None, {"next": 1}, {"last": 1}]


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_made_by_its_first_line(tmp_path: Path, durable: bool):
    append_line(tmp_path / "a.jsonl", "{}", durable=durable)
    assert (tmp_path / "a.jsonl").read_bytes() == b"{}\n"
