"""Examples that are packed in chunks are those that were given, in every way of reading them."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl import scratch
from mtl.data import Example, LabelledText, data_fingerprint, read_files, read_task, stored
from mtl.data.stored import StoredExamples
from mtl.recipe import TaskConfig
from tests.mtl.data.generated import examples

KINDS = st.sampled_from(list(examples)).flatmap(lambda kind: st.lists(examples[kind], max_size=9))
ROWS = [("ein Satz", "a"), ("another, longer one", "b"), ("naïve 😀 text", "a"), ("x", "c"), ("last", "b")]


@given(KINDS, st.integers(1, 4), st.sampled_from([0, 200, 1 << 20]))
def test_examples_of_any_kind_are_read_back_in_every_way(given_examples: list[Example], chunk: int, in_memory: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "CHUNK", chunk)
        patch.setattr(scratch, "IN_MEMORY", in_memory)
        found = StoredExamples(iter(given_examples))
    count = len(given_examples)
    assert list(found) == list(found) == given_examples
    assert found == tuple(given_examples) and tuple(given_examples) == found
    assert found != (*given_examples, LabelledText("more", "x"))
    assert [found[i] for i in range(-count, count)] == [given_examples[i] for i in range(-count, count)]
    for begin in range(count + 1):
        for end in range(count + 1):
            assert list(found[begin:end]) == given_examples[begin:end]
    assert list(found[::-2]) == given_examples[::-2]
    for place in (count, -count - 1):
        with pytest.raises(IndexError, match=f"below {count}"):
            found[place]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_of_many_chunks_is_read_as_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str):
    file = tmp_path / f"t.{suffix}"
    write(file, ROWS * 4)
    monkeypatch.setattr(stored, "CHUNK", 3)
    found = read_files(TaskConfig(kind="classification"), [str(file), str(file)], most=25)
    assert list(found) == [LabelledText(*row) for row in (ROWS * 8)[:25]]


@pytest.mark.parametrize("chunk", [2, 4096])
def test_the_fingerprint_is_the_sha256_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int):
    write(tmp_path / "t.csv", ROWS)
    write(tmp_path / "d.csv", ROWS[:2])
    monkeypatch.setattr(stored, "CHUNK", chunk)
    files = {"train": str(tmp_path / "t.csv"), "dev": str(tmp_path / "d.csv")}
    found = data_fingerprint(read_task("t", TaskConfig(kind="classification", **files)))
    train, dev = ("".join(f"({text!r}, {label!r})" for text, label in rows) for rows in (ROWS, ROWS[:2]))
    assert (found.train, found.train_rows) == (hashlib.sha256(train.encode()).hexdigest(), 5)
    assert (found.dev, found.dev_rows) == (hashlib.sha256(dev.encode()).hexdigest(), 2)


FORMS = {
    "classification": ('{"text": "a b", "label": "x"}\n{"text": "c", "label": "y"}\n', "('a b', 'x')('c', 'y')"),
    "multi_label": ('{"text": "a", "labels": ["y", "x"]}\n{"text": "b", "labels": []}\n', "('a', ('x', 'y'))('b', ())"),
    "similarity": ('{"sentence1": "a", "sentence2": "b", "score": 0.25}\n', "('a', 'b', 0.25)"),
    "tagging": (
        '{"tokens": ["Ann", "ran"], "tags": ["B-P", "O"]}\n',
        "('Ann ran', [(0, 3), (4, 7)], ('B-P', 'O'))",
    ),
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("chunk", [1, 4096])
def test_the_fingerprint_of_each_kind_is_what_runs_begun_before_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, chunk: int
):
    content, hashed = FORMS[kind]
    (tmp_path / "t.jsonl").write_text(content, encoding="utf-8")
    monkeypatch.setattr(stored, "CHUNK", chunk)
    own = {"kind": "classification", "multi_label": True} if kind == "multi_label" else {"kind": kind}
    config = TaskConfig.model_validate({**own, "train": str(tmp_path / "t.jsonl")})
    assert data_fingerprint(read_task("t", config)).train == hashlib.sha256(hashed.encode()).hexdigest()


def write(file: Path, rows: list[tuple[str, str]]) -> None:
    import csv
    import json

    import pyarrow
    import pyarrow.parquet

    if file.suffix == ".parquet":
        texts, labels = zip(*rows, strict=True)
        pyarrow.parquet.write_table(pyarrow.table({"text": texts, "label": labels}), file)
        return
    with file.open("w", encoding="utf-8", newline="") as opened:
        if file.suffix == ".jsonl":
            opened.writelines(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
        else:
            csv.writer(opened).writerows([("text", "label"), *rows])
