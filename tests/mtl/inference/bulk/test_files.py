"""Files through an engine: order, resuming, rows that are no texts."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mtl.data.formats import ReadOptions, Source
from mtl.data.place import ReadLog
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError, InputError
from mtl.inference import Engine
from mtl.inference.bulk import reading
from mtl.inference.bulk.files import BulkOutput, FileResult, run_file
from mtl.inference.bulk.formats import EmbeddingArray, EmbeddingTable, PredictionLines, PredictionTable

FORMATS = (PredictionLines, PredictionTable, EmbeddingArray, EmbeddingTable)
TEXTS = [f"Anna met Tom {i} times" for i in range(23)]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_TEXTS", 5)


@pytest.fixture(scope="module")
def engine(trained: Path) -> Engine:
    return Engine.load(trained / "best", backend="torch", precision="fp32")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return path


def rows(path: Path) -> list[object]:
    if path.suffix == ".npy":
        return np.load(path).tolist()
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(
    engine: Engine, source: Path | Source, form: type, name: str, keep: tuple[str, ...] = ()
) -> tuple[Path, FileResult]:
    path = source if isinstance(source, Path) else source.path
    target = path.with_name(f"{name}{form.suffix}")
    return target, run_file(engine, source, BulkOutput(target, form(), keep), progress=lambda _: None)


@pytest.mark.parametrize("form", FORMATS)
def test_parts_become_one_file_in_order(engine: Engine, source: Path, form: type):
    target, written = write(engine, source, form, "out")
    assert (written.texts, written.rejected, written.resumed) == (23, 0, 0)
    found = rows(target)
    assert len(found) == 23
    if form is EmbeddingArray:
        np.testing.assert_allclose(found, engine.encode(TEXTS), rtol=0, atol=1e-5)
    else:
        assert [row["text"] for row in found] == TEXTS
    beside = ["out.npy.index.jsonl"] if form is EmbeddingArray else []
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.txt", target.name, *beside]


class Interrupted(Exception):
    pass


class Stopping:
    """An engine that stops after so many parts."""

    def __init__(self, engine: Engine, parts: int):
        self._engine, self._left = engine, parts

    def __getattr__(self, name: str):
        if name in ("encode", "analyze"):
            self._left -= 1
            if self._left < 0:
                raise Interrupted
        return getattr(self._engine, name)


@pytest.mark.parametrize("form", FORMATS)
def test_an_interrupted_call_goes_on_where_it_was(engine: Engine, source: Path, form: type):
    whole, _ = write(engine, source, form, "whole")
    with pytest.raises(Interrupted):
        write(Stopping(engine, 2), source, form, "out")
    target, written = write(Stopping(engine, 3), source, form, "out")
    assert (written.texts, written.resumed) == (23, 10)
    assert rows(target) == rows(whole)


def test_what_was_made_of_another_input_is_not_kept(engine: Engine, source: Path):
    with pytest.raises(Interrupted):
        write(Stopping(engine, 2), source, PredictionLines, "out")
    source.write_text("Tom met Anna\n" * 6, encoding="utf-8")
    target, written = write(engine, source, PredictionLines, "out")
    assert (written.texts, written.resumed) == (6, 0)
    assert written.notes == ("finished parts of an earlier call were of another input, so the file was begun anew",)
    assert {row["text"] for row in rows(target)} == {"Tom met Anna"}


@pytest.mark.parametrize(
    ("keep", "options"),
    [
        (("nosuch",), ReadOptions()),
        ((), ReadOptions(columns={"text": "nosuch"})),
        ((), ReadOptions(format="jsonl")),
        ((), ReadOptions(format="parquet")),
    ],
    ids=["kept column", "text column", "format", "another format"],
)
def test_a_call_that_is_refused_costs_no_finished_parts(
    engine: Engine, tmp_path: Path, keep: tuple[str, ...], options: ReadOptions
):
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "\n".join(TEXTS) + "\n", encoding="utf-8")
    with pytest.raises(Interrupted):
        write(Stopping(engine, 2), source, PredictionLines, "out")
    with pytest.raises((DataError, InputError)):
        write(engine, text_source(source, options), PredictionLines, "out", keep)
    target, written = write(engine, source, PredictionLines, "out")
    assert (written.texts, written.resumed, written.notes) == (23, 10, ())
    assert [row["text"] for row in rows(target)] == TEXTS


def test_a_second_call_for_an_output_is_refused_and_disturbs_neither(engine: Engine, source: Path):
    refused = []

    class Asked:
        """An engine during whose first part another call asks for the same output."""

        def __getattr__(self, name: str):
            if name == "analyze" and not refused:
                source.with_name("out.jsonl.rejects.jsonl").write_text("mine\n")
                with pytest.raises(
                    InputError, match=r"out.jsonl: the output is already being written in process \d+"
                ) as e:
                    write(engine, source, PredictionLines, "out")
                refused.append(e.value)
                assert source.with_name("out.jsonl.rejects.jsonl").read_text() == "mine\n"
            return getattr(engine, name)

    target, written = write(Asked(), source, PredictionLines, "out")
    assert (len(refused), written.texts, written.resumed) == (1, 23, 0)
    assert [row["text"] for row in rows(target)] == TEXTS
    assert write(engine, source, PredictionLines, "out")[1].texts == 23  # nobody holds it any more


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.csv", "text,n\nfirst,1\n,2\né,3,4\n".encode() + b"caf\xe9,5\nthird,6\n"),
        ("in.jsonl", b'{"text": "first"}\n{"text": 3}\nno json\n{"t": 1}\n{"text": "third"}\n'),
        ("in.txt", b"first\ncaf\xe9\nx\0y\nthird\n"),
    ],
)
def test_a_bad_row_is_empty_and_named(engine: Engine, tmp_path: Path, name: str, content: bytes):
    source = tmp_path / name
    source.write_bytes(content)
    target, written = write(engine, source, PredictionLines, "out")
    empty = {"in.csv": 3, "in.jsonl": 3, "in.txt": 2}[name]
    assert [row["text"] for row in rows(target)] == ["first", *[None] * empty, "third"]
    assert [row["line"] for row in rows(target)] == [i + (name == "in.csv") for i in range(1, empty + 3)]
    reasons = rows(tmp_path / "out.jsonl.rejects.jsonl")
    assert len(reasons) == written.rejected == (2 if name == "in.txt" else 3)
    assert all(f"{name}:" in row["reason"] for row in reasons)


def test_rejects_of_an_earlier_call_do_not_stay(engine: Engine, source: Path):
    rejects = source.with_name("out.jsonl.rejects.jsonl")
    rejects.write_text("old\n", encoding="utf-8")
    write(engine, source, PredictionLines, "out")
    assert not rejects.exists()


def test_a_file_without_a_good_row_is_refused_with_the_first_reason(engine: Engine, tmp_path: Path):
    source = tmp_path / "in.jsonl"
    source.write_text("nothing\nnothing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"in.jsonl:1: a JSON object was expected"):
        write(engine, source, PredictionLines, "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("form", [PredictionLines, EmbeddingArray])
@pytest.mark.parametrize("name", ["in.csv", "in.tsv"])
@pytest.mark.parametrize("broken", [1, 50, 99])
def test_an_unclosed_quote_costs_one_row(engine: Engine, tmp_path: Path, form: type, name: str, broken: int):
    lines = [f'{i},"a text, {i}"' for i in range(1, 101)]
    lines[broken - 1] = f'{broken},"never closed'
    content = "\n".join(["id,text", *lines]) + "\n"
    (tmp_path / name).write_text(content if name == "in.csv" else content.replace(',"', '\t"').replace("d,t", "d\tt"))
    target, written = write(engine, tmp_path / name, form, "out")
    assert (written.texts, written.rejected, len(rows(target))) == (99, 1, 100)
    (reject,) = rows(tmp_path / f"{target.name}.rejects.jsonl")
    assert reject["line"] == broken + 1
    assert "never closed" in reject["reason"]


def test_a_column_of_another_name_is_read_with_a_note_or_as_chosen(engine: Engine, tmp_path: Path):
    source = tmp_path / "in.csv"
    source.write_text("id;remark;url\n1;some long words here;http://a.b/c\n2;and other words there;http://a.b/d\n")
    target, written = write(engine, source, PredictionLines, "out")
    assert [row["text"] for row in rows(target)] == ["some long words here", "and other words there"]
    assert written.notes == ("in.csv: the column remark is read as text",)
    chosen = text_source(source, ReadOptions(columns={"text": "url"}))
    write(engine, chosen, PredictionLines, "out")
    assert [row["text"] for row in rows(target)] == ["http://a.b/c", "http://a.b/d"]


MIXED = [{"id": i, "text": text, "url": f"http://a.b/{i}", "n": [i]} for i, text in enumerate(["one", "", 3, "four"])]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("keep", [(), ("url", "id"), ("all",)])
def test_each_row_of_the_input_is_a_row_of_the_output_with_what_it_keeps(
    engine: Engine, tmp_path: Path, form: type, keep: tuple[str, ...]
):
    many = [{**row, "id": 4 * i + row["id"]} for i in range(4) for row in MIXED]  # several parts
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(map(json.dumps, many)), encoding="utf-8")
    target, written = write(engine, source, form, "out", keep)
    assert (written.texts, written.rejected) == (8, 8)
    found = rows(target)
    assert len(found) == 16
    place = rows(target.with_name(f"{target.name}.index.jsonl")) if form is EmbeddingArray else found
    names = {(): [], ("url", "id"): ["url", "id"], ("all",): ["id", "url", "n"]}[keep]
    for i, (row, wanted) in enumerate(zip(place, many, strict=True)):
        for name, value in [("line", i + 1), *((name, wanted[name]) for name in names)]:
            as_text = form in (PredictionTable, EmbeddingTable) and not isinstance(value, str)
            assert row[name] == (json.dumps(value) if as_text else value)
        assert set(row) & {"id", "url", "n"} == set(names)
    read = [isinstance(row["text"], str) and bool(row["text"]) for row in many]
    if form is EmbeddingArray:
        assert [row["has_text"] for row in place] == read
        assert (~np.isnan(found).any(axis=1)).tolist() == read
        expected = engine.encode([row["text"] for row, good in zip(many, read, strict=True) if good])
        np.testing.assert_allclose(np.array(found)[read], expected, rtol=0, atol=1e-5)
    else:
        assert [row["text"] for row in found] == [
            row["text"] if good else None for row, good in zip(many, read, strict=True)
        ]
        answer = "embedding" if form is EmbeddingTable else "classes"
        assert [row[answer] is not None for row in found] == read


def test_a_kept_column_never_hides_a_value_of_ours(engine: Engine, tmp_path: Path):
    (tmp_path / "in.csv").write_text("text,tokens,line\none two,x,y\n")
    target, _ = write(engine, tmp_path / "in.csv", PredictionLines, "out", ("all",))
    (row,) = rows(target)
    assert (row["tokens (input)"], row["line (input)"]) == ("x", "y")
    assert (row["line"], row["tokens"] > 2) == (2, True)


def test_a_column_that_is_not_there_cannot_be_kept(engine: Engine, tmp_path: Path):
    (tmp_path / "in.csv").write_text("text,id\none two,7\n")
    with pytest.raises(DataError, match=r"the column url was expected to be kept, is missing among text, id"):
        write(engine, tmp_path / "in.csv", PredictionLines, "out", ("url",))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_other_kept_columns_are_another_output(engine: Engine, tmp_path: Path):
    source = tmp_path / "in.csv"
    source.write_text("text,id\n" + "".join(f"one two,{i}\n" for i in range(23)))
    with pytest.raises(Interrupted):
        write(Stopping(engine, 2), source, PredictionLines, "out")
    target, written = write(engine, source, PredictionLines, "out", ("id",))
    assert written.resumed == 0
    assert [row["id"] for row in rows(target)] == [str(i) for i in range(23)]


@pytest.mark.parametrize("bad", [1, 2, 7, 98, 99, 100, 101, 150, 200])
def test_rows_stay_in_order_around_a_broken_one(tmp_path: Path, bad: int):
    lines = [f'{i},"a text, {i}"' for i in range(1, 201)]
    lines[bad - 1] = f"{bad},a,b,c"
    (tmp_path / "in.csv").write_text("\n".join(["id,text", *lines]) + "\n")
    rejected: list[DataError] = []
    found = list(read_texts(text_source(tmp_path / "in.csv"), ReadLog(rejected.append)))
    assert [row.line for row in found] == list(range(2, 202))
    assert [row.line for row in found if row.text is None] == [bad + 1] == [error.line for error in rejected]


@pytest.mark.parametrize("form", FORMATS)
def test_values_that_json_or_utf8_cannot_hold_are_kept_as_near_as_can_be(engine: Engine, tmp_path: Path, form: type):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a b", "u": "x\\ud800", "\\udc00": 1, "n": NaN, "m": [1e400, {"k": -Infinity}]}\n')
    target, _ = write(engine, source, form, "out", ("all",))
    place = target.with_name(f"{target.name}.index.jsonl") if form is EmbeddingArray else target
    (row,) = rows(place)
    expected: dict[str, object] = {"u": "x\ufffd", "\ufffd": 1, "n": "nan", "m": ["inf", {"k": "-inf"}]}
    in_table = form in (PredictionTable, EmbeddingTable)
    if in_table:
        expected |= {name: json.dumps(expected[name]) for name in ("\ufffd", "m")}
    assert {name: row[name] for name in expected} == expected
    if not in_table:
        assert "NaN" not in place.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "values", "kept"),
    [
        ("text,a,a,a (2)", "x y,1,2,3", {"a": "1", "a (3)": "2", "a (2)": "3"}),
        ("text,line,line (input)", "x y,5,6", {"line (input)": "5", "line (input) (2)": "6"}),
        ("text,tokens,entities", "x y,1,2", {"tokens (input)": "1", "entities (input)": "2"}),
    ],
)
def test_no_kept_column_hides_another(engine: Engine, tmp_path: Path, header: str, values: str, kept: dict[str, str]):
    (tmp_path / "in.csv").write_text(f"{header}\n{values}\n")
    target, _ = write(engine, tmp_path / "in.csv", PredictionLines, "out", ("all",))
    assert {name: value for name, value in rows(target)[0].items() if name in kept} == kept


def test_columns_are_those_of_the_header_though_the_first_rows_are_rejected(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "_PEEKED", 3)
    (tmp_path / "in.csv").write_text("text,id\n" + "a,b,c\n" * 12 + "x y,1\n")
    for keep in (("id",), ("all",)):
        target, written = write(engine, tmp_path / "in.csv", PredictionTable, "out", keep)
        assert (written.texts, written.rejected, len(rows(target))) == (1, 12, 13)
        assert [row["id"] for row in rows(target)] == [None] * 12 + ["1"]


@pytest.mark.parametrize("output", ["in.jsonl", "link.jsonl"])
def test_an_output_never_replaces_the_input(engine: Engine, tmp_path: Path, output: str):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a"}\n')
    (tmp_path / "link.jsonl").symlink_to(source)
    with pytest.raises(InputError, match="an output other than the input was expected"):
        run_file(engine, source, BulkOutput(tmp_path / output, PredictionLines()), progress=lambda _: None)
    assert source.read_text() == '{"text": "a"}\n'


@pytest.mark.parametrize("suffix", [".rejects.jsonl", ".index.jsonl"])
def test_an_input_that_is_named_like_a_file_beside_the_output_stays(engine: Engine, tmp_path: Path, suffix: str):
    source = tmp_path / f"out.jsonl{suffix}"
    source.write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match="an output other than the input was expected"):
        run_file(engine, source, BulkOutput(tmp_path / "out.jsonl", PredictionLines()), progress=lambda _: None)
    assert source.read_text() == '{"text": "a"}\n'


@pytest.mark.parametrize("name", ["out.jsonl.partial/mine.txt", "out.jsonl.partial", "out.jsonl.rejects.jsonl/x"])
def test_files_of_somebody_else_stay(engine: Engine, source: Path, name: str):
    mine = source.parent / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="was expected"):
        write(engine, source, PredictionLines, "out")
    assert mine.read_text() == "mine"
