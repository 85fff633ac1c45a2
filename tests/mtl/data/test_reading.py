"""Every format of the data files, read in full."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from mtl.data import LabelledText, ScoredPair, TaggedText, labels_of, read_files, read_task
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind

EXAMPLES = Path(__file__).parents[3] / "examples"
CLASSIFICATION = TaskConfig(kind=TaskKind.CLASSIFICATION)
SIMILARITY = TaskConfig(kind=TaskKind.SIMILARITY)
ROWS = [("Good, very good.", "positive"), ('She said "no".', "negative"), ("Two\nlines", "positive")]


def write_table(path: Path, columns: dict[str, list]) -> Path:
    rows = list(zip(*columns.values(), strict=True))
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows))
    else:
        separator = "," if path.suffix == ".csv" else "\t"
        quoted = [['"' + str(v).replace('"', '""') + '"' for v in row] for row in [tuple(columns), *rows]]
        path.write_text("".join(separator.join(row) + "\n" for row in quoted))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".CSV"])
def test_labelled_texts_are_read_from_every_kind_of_table(tmp_path: Path, suffix: str):
    file = write_table(tmp_path / "data.csv", {"text": [t for t, _ in ROWS], "label": [label for _, label in ROWS]})
    if suffix != ".CSV":
        columns = {"id": [1, 2, 3], "text": [t for t, _ in ROWS], "label": [label for _, label in ROWS]}
        file = write_table(tmp_path / f"table{suffix}", columns)
    else:
        file = file.rename(tmp_path / "DATA.CSV")
    assert read_files(CLASSIFICATION, [str(file)]) == tuple(LabelledText(*row) for row in ROWS)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_of_a_spreadsheet_may_be_separated_otherwise(tmp_path: Path, separator: str):
    file = tmp_path / "t.csv"
    lines = [("text", "label"), ('"a, b; c"', "x"), ("d", "y")]
    file.write_text("\ufeff\n" + "".join(separator.join(line) + "\n" for line in lines), encoding="utf-8")
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("a, b; c", "x"), LabelledText("d", "y"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_scored_pairs_are_read_from_every_kind_of_table(tmp_path: Path, suffix: str):
    columns = {"sentence1": ["a b", "c"], "sentence2": ["d", "e, f"], "score": [0.25, 1.0]}
    file = write_table(tmp_path / f"pairs{suffix}", columns)
    assert read_files(SIMILARITY, [str(file)]) == (ScoredPair("a b", "d", 0.25), ScoredPair("c", "e, f", 1.0))


def test_scores_are_scaled_from_their_range(tmp_path: Path):
    file = write_table(tmp_path / "p.csv", {"sentence1": ["a"] * 3, "sentence2": ["b"] * 3, "score": [1, 2, 5]})
    config = TaskConfig(kind=TaskKind.SIMILARITY, score_range=(1, 5))
    assert [pair.score for pair in read_files(config, [str(file)])] == [0.0, 0.25, 1.0]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_whole_numbers_are_read_as_labels(tmp_path: Path, suffix: str):
    file = write_table(tmp_path / f"t{suffix}", {"text": ["a", "b"], "label": [0, 10]})
    assert labels_of(read_files(CLASSIFICATION, [str(file)])) == ("0", "10")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, newline: str, mark: bytes):
    file = tmp_path / "t.csv"
    file.write_bytes(mark + newline.join(["text,label", "Bon café,a", "", '"x\ny",b', ""]).encode())
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("Bon café", "a"), LabelledText("x\ny", "b"))


def test_a_quoted_line_end_belongs_to_the_text(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_bytes(b'text,label\r\n"one\r\ntwo",a\r\n')
    (example,) = read_files(CLASSIFICATION, [str(file)])
    assert example.text.split() == ["one", "two"]
    assert example.text.count("\n") == 1


def test_the_line_of_a_mistake_counts_quoted_line_ends(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text('text,label\n"one\ntwo\nthree",a\n\n"",b\n')
    with pytest.raises(DataError) as error:
        read_files(CLASSIFICATION, [str(file)])
    assert str(error.value) == f"{file}:6: text is empty"


def test_columns_may_stand_in_any_order(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text("label,note,text\na,x,first\n")
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("first", "a"),)


def test_a_lone_surrogate_in_a_text_becomes_a_replacement_character(tmp_path: Path):
    file = tmp_path / "t.jsonl"
    file.write_text('{"text": "a\\ud83d", "label": "x"}\n')
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("a\ufffd", "x"),)


def test_labels_are_mapped_as_the_task_says(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text("text,label\na,4\nb,5\nc,1\n")
    config = TaskConfig(kind=TaskKind.CLASSIFICATION, map_labels={"4": "good", "5": "good"})
    assert [e.label for e in read_files(config, [str(file)])] == ["good", "good", "1"]


def test_files_are_joined_in_their_order(tmp_path: Path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.csv").write_text(f"text,label\n{name},x\n")
    files = [str(tmp_path / "b.csv"), str(tmp_path / "a.csv")]
    assert [e.text for e in read_files(CLASSIFICATION, files)] == ["b", "a"]


def test_labels_come_in_a_stable_order_whatever_the_order_of_rows(tmp_path: Path):
    rows = ["a,zebra", "b,apple", "c,Zoo"]
    found = []
    for name, lines in (("x", rows), ("y", rows[::-1])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *lines]))
        found.append(read_task(name, TaskConfig(kind="classification", train=(str(tmp_path / f"{name}.csv"),))).labels)
    assert found == [("Zoo", "apple", "zebra")] * 2


def test_at_most_max_rows_training_examples_are_taken():
    config = TaskConfig(kind="classification", train=(str(EXAMPLES / "topic/train.csv"),), max_rows=20)
    assert len(read_task("topic", config).train) == 20


def test_rows_that_are_drawn_are_of_all_labels_and_the_same_each_time(tmp_path: Path):
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"text {i},{'abcd'[i // 100]}\n" for i in range(400)))
    files = (str(tmp_path / "train.csv"),)
    config = TaskConfig(kind="classification", train=files, dev=files, max_rows=60, take="drawn")
    found = read_task("t", config)
    assert len(found.train) == 60 and set(found.labels) == set("abcd") and len(found.dev) == 400
    assert list(found.train) == list(read_task("t", config).train)
    assert [e.label for e in found.train] == sorted(e.label for e in found.train)  # in the order of the file
    assert len(read_task("t", config.model_copy(update={"max_rows": 900})).train) == 400


def test_dev_labels_that_train_lacks_are_noted(tmp_path: Path):
    (tmp_path / "train.csv").write_text("text,label\na,x\nb,y\n")
    (tmp_path / "dev.csv").write_text("text,label\na,x\nb,z\n")
    config = TaskConfig(kind="classification", train=(str(tmp_path / "train.csv"),), dev=(str(tmp_path / "dev.csv"),))
    data = read_task("t", config)
    assert data.labels == ("x", "y")
    assert data.notes == ("t: dev has labels that train lacks: z",)


def test_one_label_alone_cannot_be_learnt(tmp_path: Path):
    file = tmp_path / "train.csv"
    file.write_text("text,label\na,x\nb,x\n")
    with pytest.raises(DataError) as error:
        read_task("topic", TaskConfig(kind="classification", train=(str(file),)))
    assert str(error.value) == f"{file}: at least two labels were expected for topic, was only 'x'"


def test_tagging_without_one_entity_cannot_be_learnt(tmp_path: Path):
    file = tmp_path / "train.conll"
    file.write_text("a\tO\nb\tO\n")
    with pytest.raises(DataError, match="at least one entity was expected for names, every tag is O"):
        read_task("names", TaskConfig(kind="tagging", train=(str(file),)))


@pytest.mark.parametrize(
    ("kind", "file", "count", "labels"),
    [
        ("classification", "topic/train.csv", 189, 7),
        ("classification", "topic/dev.csv", 49, 7),
        ("classification", "sentiment/train.csv", 54, 2),
        ("tagging", "entities/train.conll", 153, 3),
        ("tagging", "entities/dev.conll", 41, 3),
        ("similarity", "similarity/train.csv", 77, 0),
        ("similarity", "similarity/dev.csv", 25, 0),
    ],
)
def test_the_example_files_are_read_in_full(kind: str, file: str, count: int, labels: int):
    examples = read_files(TaskConfig(kind=kind), [str(EXAMPLES / file)])
    assert (len(examples), len(labels_of(examples))) == (count, labels)
    assert kind != "tagging" or all(isinstance(e, TaggedText) for e in examples)


def test_a_lone_surrogate_in_a_label_becomes_a_replacement_character(tmp_path: Path):
    file = tmp_path / "t.jsonl"
    file.write_text('{"text": "a", "label": "x\\ud83d"}\n')
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("a", "x\ufffd"),)
