"""Pairs with and without scores, and triplets, from every kind of file."""

import json
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from mtl.data import ScoredPair, TaskLog, read_files, read_task
from mtl.data.converting import convert
from mtl.data.warnings import data_warnings
from mtl.errors import DataError
from mtl.recipe import SimilarityLoss, TaskConfig, TaskKind

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx")
NAMES = (("anchor", "positive"), ("sentence1", "sentence2"), ("query", "positive"))


def task(loss: str = "multiple_negatives", **keys: object) -> TaskConfig:
    return TaskConfig.model_validate({"kind": "similarity", "head": {"loss": loss}, **keys})


def write(path: Path, columns: tuple[str, ...], *rows: tuple[object, ...]) -> Path:
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    match path.suffix:
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
        case ".jsonl":
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
        case ".json":
            path.write_text(json.dumps(records))
        case ".xlsx":
            book = openpyxl.Workbook()
            for row in (columns, *rows):
                book.active.append(row)
            book.save(path)
        case suffix:
            separator = "\t" if suffix == ".tsv" else ","
            cells = [["" if cell is None else str(cell) for cell in row] for row in (columns, *rows)]
            path.write_text("".join(separator.join(row) + "\n" for row in cells))
    return path


def read(config: TaskConfig, *files: Path) -> tuple[list[ScoredPair], tuple[str, ...]]:
    log = TaskLog()
    return list(read_files(config, [str(file) for file in files], log=log)), log.notes


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("loss", SimilarityLoss)
def test_a_triplet_is_a_pair_that_belongs_together_and_one_that_does_not(
    tmp_path: Path, suffix: str, loss: str, names: tuple[str, str]
):
    rows = [("a cat", "a kitten", "a dog"), ("a bus", "a coach", None), ("a cat", "the cat", "  ")]
    file = write(tmp_path / f"t{suffix}", (*names, "negative"), *rows)
    expected = [("a cat", "a kitten", 1), ("a cat", "a dog", 0), ("a bus", "a coach", 1), ("a cat", "the cat", 1)]
    assert read(task(loss), file)[0] == [ScoredPair(*row) for row in expected]


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_pair_without_a_score_belongs_together(tmp_path: Path, suffix: str, names: tuple[str, str]):
    file = write(tmp_path / f"t{suffix}", names, ("a cat", "a kitten"), ("a bus", "a coach"))
    found, notes = read(task(score_range=(0.0, 5.0)), file)
    assert found == [ScoredPair("a cat", "a kitten", 1), ScoredPair("a bus", "a coach", 1)]
    assert f"{file.name}: there is no column score, so each pair has the score 1" in notes
    for loss in ("cosine", "cosent"):
        with pytest.raises(DataError, match=r"score is missing among .*; pairs .* with loss: multiple_negatives$"):
            read(task(loss), file)


@pytest.mark.parametrize("loss", ["cosine", "cosent"])
def test_triplets_without_any_negative_are_no_scores(tmp_path: Path, loss: str):
    file = write(
        tmp_path / "t.csv", ("anchor", "positive", "negative"), ("a cat", "a kitten", ""), ("a bus", "a coach", "")
    )
    with pytest.raises(DataError, match=f"expected for loss: {loss}, no pair has one; loss: multiple_negatives learns"):
        read(task(loss), file)


@pytest.mark.parametrize("loss", SimilarityLoss)
@pytest.mark.parametrize("score", ["score", "label"])
def test_where_there_is_a_score_it_counts(tmp_path: Path, loss: str, score: str):
    file = write(tmp_path / "t.csv", ("sentence1", "sentence2", score), ("a", "b", 0.25), ("c", "d", 1))
    assert read(task(loss), file)[0] == [ScoredPair("a", "b", 0.25), ScoredPair("c", "d", 1)]
    bad = write(tmp_path / "bad.csv", ("sentence1", "sentence2", score), ("a", "b", 0.25), ("c", "d", ""))
    with pytest.raises(DataError, match="score is a number, was ''") as raised:
        read(task(loss), bad)
    assert raised.value.line == 3


def test_beside_scores_a_negative_is_read_only_where_it_is_asked_for(tmp_path: Path):
    file = write(tmp_path / "t.csv", ("sentence1", "sentence2", "score", "negative"), ("a", "b", 1, "c"))
    found, notes = read(task(), file)
    assert found == [ScoredPair("a", "b", 1)]
    assert "t.csv: the column negative is not read, since there are scores" in notes
    asked = task(columns={"negative": "negative"})
    assert read(asked, file)[0] == [ScoredPair("a", "b", 1), ScoredPair("a", "c", 0)]


def test_a_label_beside_a_negative_is_no_score(tmp_path: Path):
    names = ("anchor", "positive", "hard_negative", "label")
    file = write(tmp_path / "t.csv", names, ("a cat", "a kitten", "a dog", "pets"))
    found, notes = read(task(), file)
    assert found == [ScoredPair("a cat", "a kitten", 1), ScoredPair("a cat", "a dog", 0)]
    assert "t.csv: the column hard_negative is read as negative" in notes


@pytest.mark.parametrize("suffix", FORMATS)
def test_columns_of_any_name_can_be_chosen(tmp_path: Path, suffix: str):
    file = write(tmp_path / f"t{suffix}", ("no", "yes", "who"), ("a dog", "a kitten", "a cat"))
    config = task(columns={"sentence1": "who", "sentence2": "yes", "negative": "no"})
    assert list(read_files(config, [str(file)])) == [
        ScoredPair("a cat", "a kitten", 1),
        ScoredPair("a cat", "a dog", 0),
    ]


def test_a_wrong_row_is_named_by_its_line(tmp_path: Path):
    file = write(tmp_path / "t.csv", ("anchor", "positive", "negative"), ("cat", "kitten", "dog"), ("cat", "", "dog"))
    with pytest.raises(DataError, match="sentence2 is empty") as raised:
        read(task(), file)
    assert raised.value.line == 3
    file.with_suffix(".jsonl").write_text('{"anchor": "cat", "positive": "kitten", "negative": 7}\n')
    with pytest.raises(DataError, match="negative is a string, was 7") as raised:
        read(task(), file.with_suffix(".jsonl"))
    assert raised.value.line == 1


def test_training_data_without_a_pair_that_belongs_together_are_refused(tmp_path: Path):
    file = write(tmp_path / "t.csv", ("sentence1", "sentence2", "score"), ("a", "b", 2), ("c", "d", 1))
    with pytest.raises(DataError, match=r"at least one pair with a score from 2\.5 was expected for pairs"):
        read_task("pairs", task(train=str(file), score_range=(0.0, 5.0)))


def test_the_data_of_pairs_have_warnings_of_their_own(tmp_path: Path):
    pairs = write(tmp_path / "t.csv", ("anchor", "positive"), ("a cat", "a kitten"), ("a bus", "a coach"))
    wrong = write(tmp_path / "d.csv", ("sentence1", "sentence2", "score"), ("e", "f", 0))
    told = list(data_warnings(read_task("pairs", task(train=str(pairs), dev=str(wrong)))))
    assert "pairs: no dev pair has a high score, so accuracy and reciprocal rank are not measured" in told
    assert not any("nothing to rank" in warning for warning in told)


@pytest.mark.parametrize("names", [("anchor", "positive", "negative"), ("sentence1", "sentence2", "negative")])
def test_triplets_are_converted_to_scored_pairs(tmp_path: Path, names: tuple[str, ...]):
    file = write(tmp_path / "t.csv", names, ("a cat", "a kitten", "a dog"))
    found = convert(file, tmp_path / "out.jsonl")
    assert (found.kind, found.examples, found.rejected) == (TaskKind.SIMILARITY, 2, ())
    assert not any("not kept" in note for note in found.notes)
    assert read(task("cosent"), tmp_path / "out.jsonl") == (read(task(), file)[0], ())
