"""`predict` and `encode`: what they write and refuse."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from mtl.inference import Engine
from tests.mtl.cli.calling import LINES, complaint, succeed


def test_predictions_are_those_of_the_engine(trained: Path, texts: Path, tmp_path: Path):
    succeed("predict", trained / "last", texts, tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    found = Engine.load(trained / "last").analyze(LINES)
    assert [r["text"] for r in records] == LINES
    for record, analysis in zip(records, found, strict=True):
        assert record["entities"] == analysis.entities
        assert record["classes"] == {task: pytest.approx(c) for task, c in analysis.classes.items()}
        assert {task: tuple(labels) for task, labels in record["labels"].items()} == analysis.labels
        assert (record["tokens"], record["cut_at"]) == (analysis.tokens, analysis.cut_at)


def test_embeddings_are_those_of_the_engine(trained: Path, texts: Path, tmp_path: Path):
    succeed("encode", trained / "last", texts, tmp_path / "out.npy")
    succeed("encode", trained / "last", texts, tmp_path / "out.parquet")
    expected = Engine.load(trained / "last").encode(LINES)
    stored = np.load(tmp_path / "out.npy")
    assert stored.dtype == np.float32
    np.testing.assert_allclose(stored, expected, rtol=0, atol=1e-6)
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["text"] for row in table] == LINES
    np.testing.assert_allclose([row["embedding"] for row in table], expected, rtol=0, atol=1e-6)


def test_predictions_can_be_written_as_parquet(trained: Path, texts: Path, tmp_path: Path):
    succeed("predict", trained / "last", texts, tmp_path / "out.parquet")
    rows = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    found = Engine.load(trained / "last").analyze(LINES)
    assert [row["text"] for row in rows] == LINES
    assert rows[0]["classes"]["topic"] == pytest.approx(found[0].classes["topic"])
    assert [{task: tuple(own) for task, own in row["labels"].items()} for row in rows] == [a.labels for a in found]
    assert [len(row["entities"]["names"]) for row in rows] == [len(a.entities["names"]) for a in found]


def test_predictions_of_a_model_without_entities_can_be_written_as_parquet(
    recipe: Path, texts: Path, tmp_path: Path, tiny_bert: Path
):
    succeed("predict", tiny_bert, texts, tmp_path / "out.parquet")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_texts_are_read_from_the_column_of_a_table(trained: Path, tmp_path: Path, suffix: str):
    source = tmp_path / f"in{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2], "text": ["a b", "c"]}), source)
    elif suffix == ".jsonl":
        source.write_text('{"text": "a b"}\n{"text": "c", "id": 2}\n')
    else:
        source.write_text({".csv": "id,text\n1,a b\n2,c\n", ".tsv": "id\ttext\n1\ta b\n2\tc\n"}[suffix])
    succeed("predict", trained / "last", source, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["a b", "c"]


def test_a_bare_backbone_encodes(tiny_bert: Path, texts: Path, tmp_path: Path):
    succeed("encode", tiny_bert, texts, tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy").shape == (3, 16)


@pytest.mark.parametrize("command", ["predict", "encode"])
@pytest.mark.parametrize(
    ("source", "content", "gist"),
    [
        ("in.txt", b"\n \n", "at least one text was expected, the file has none"),
        ("in.txt", b"caf\x81\n", "in.txt:1: UTF-8 text was expected"),
        ("in.csv", b"a,b\n1,2\n", "in.csv:1: the columns text were expected"),
        ("in.csv", b"text\n \n", "in.csv:2: text is empty"),
        ("in.docx", b"x", "a file ending in .txt, .csv, .tsv, .jsonl, .parquet was expected, was '.docx'"),
        ("in.txt", None, "a readable file was expected: No such file or directory"),
    ],
)
def test_texts_that_cannot_be_read_are_one_line(
    trained: Path, tmp_path: Path, command: str, source: str, content: bytes | None, gist: str
):
    if content is not None:
        (tmp_path / source).write_bytes(content)
    target = tmp_path / ("out.jsonl" if command == "predict" else "out.npy")
    assert gist in complaint(command, trained / "last", tmp_path / source, target)
    assert not target.exists()


@pytest.mark.parametrize(
    ("command", "target", "gist"),
    [
        ("predict", "out.csv", "an output ending in .jsonl or .parquet was expected, was '.csv'"),
        ("encode", "out.txt", "an output ending in .npy or .parquet was expected, was '.txt'"),
        ("predict", "none/out.jsonl", "none does not exist"),
        ("encode", "none/out.npy", "none does not exist"),
    ],
)
def test_an_output_that_cannot_be_written_is_one_line(
    trained: Path, texts: Path, tmp_path: Path, command: str, target: str, gist: str
):
    assert gist in complaint(command, trained / "last", texts, tmp_path / target)


def test_a_missing_checkpoint_is_one_line(texts: Path, tmp_path: Path):
    message = complaint("predict", tmp_path / "none", texts, tmp_path / "out.jsonl")
    assert str(tmp_path / "none") in message


def test_an_output_that_is_a_folder_is_one_line(trained: Path, texts: Path, tmp_path: Path):
    (tmp_path / "out.jsonl").mkdir()
    complaint("predict", trained / "last", texts, tmp_path / "out.jsonl")


@pytest.mark.parametrize("command", ["predict", "encode"])
def test_chosen_columns_are_kept(trained: Path, tmp_path: Path, command: str):
    (tmp_path / "in.csv").write_text("id,text,url\n7,a b,u\n8,,v\n9,c,w\n")
    target = tmp_path / ("out.jsonl" if command == "predict" else "out.npy")
    succeed(command, trained / "last", tmp_path / "in.csv", target, "--keep", "id, url")
    file = target if command == "predict" else tmp_path / "out.npy.index.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["line"], row["id"], row["url"]) for row in rows] == [(2, "7", "u"), (3, "8", "v"), (4, "9", "w")]
    gone = complaint(command, trained / "last", tmp_path / "in.csv", target, "--keep", "date")
    assert "the column date was expected to be kept" in gone
    assert len(target.read_bytes()) > 0
