"""Tables of every dialect: random ones read back as they were, and a quote that is never closed costs its own row."""

import csv
import random
from pathlib import Path

import openpyxl
import pytest

from mtl.data import LabelledText, ScoredPair, read_files, read_task
from mtl.data.formats import Source
from mtl.data.place import ReadLog
from mtl.data.rows import read_rows
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind

CLASSIFICATION = TaskConfig(kind=TaskKind.CLASSIFICATION)
PIECES = [*"aB 1,;|\t\"'.#é\n", "\r\n", '""', "NA", "null", "yes"]
WIDE = ["😀", "\u200f", "e\u0301", "日本"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252")


def random_field(chance: random.Random, pieces: list[str]) -> str:
    return "".join(chance.choice(pieces) for _ in range(chance.randint(1, 8)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_random_tables_are_read_back_as_they_were(tmp_path: Path, delimiter: str):
    chance = random.Random(delimiter)
    path = tmp_path / "t.csv"
    for _ in range(1_500):
        encoding = chance.choice(ENCODINGS)
        pieces = PIECES if encoding == "cp1252" else PIECES + WIDE
        columns = ["text", "label", "id"][: chance.randint(2, 3)]
        rows = [[random_field(chance, pieces) for _ in columns] for _ in range(chance.randint(1, 4))]
        with path.open("w", encoding=encoding, newline="") as file:
            quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
            end = chance.choice(["\n", "\r\n"])
            writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
            writer.writerow(columns)
            writer.writerows(rows)
        source = Source(path, TaskKind.CLASSIFICATION, ("text", "label"))
        assert [list(row.values.values()) for row in read_rows(source)] == rows, path.read_bytes()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_line_end_inside_of_quotes_stays_what_it_was(tmp_path: Path, encoding: str):
    (tmp_path / "t.csv").write_bytes('text,label\r"one\rtwo",x\rthree,y\r'.encode(encoding))
    texts = [e.text for e in read_files(CLASSIFICATION, [str(tmp_path / "t.csv")])]
    assert texts == ["one\rtwo", "three"]


def thousand(delimiter: str, quoting: int, broken: int, text: str) -> str:
    """A header and 1,000 rows, of which one opens a quote that it does not close."""
    lines = [delimiter.join(["id", "text", "label"])]
    for i in range(1, 1001):
        fields = [str(i), f"a text of row {i}, with a comma", "xy"[i % 2]]
        whole = quoting == csv.QUOTE_ALL
        quoted = [f'"{f}"' if whole or delimiter in f else f for f in fields]
        if i == broken:
            quoted[1] = f'"{text}'
        lines.append(delimiter.join(quoted))
    return "\n".join(lines) + "\n"


UNCLOSED = [
    (delimiter, quoting, broken, text)
    for delimiter in ",\t;"
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    for broken in (1, 500, 999, 1000)
    for text in ("never closed", "never, closed", 'with ""doubled"" quotes')
]


@pytest.mark.parametrize(("delimiter", "quoting", "broken", "text"), UNCLOSED)
def test_an_unclosed_quote_costs_its_own_row_and_is_named(
    tmp_path: Path, delimiter: str, quoting: int, broken: int, text: str
):
    file = tmp_path / ("t.tsv" if delimiter == "\t" else "t.csv")
    file.write_text(thousand(delimiter, quoting, broken, text), encoding="utf-8")
    data = read_task("topic", TaskConfig(kind="classification", train=(str(file),)))
    expected = [f"a text of row {i}, with a comma" for i in range(1, 1001) if i != broken]
    found = [example.text for example in data.train]
    assert [one for one in found if "never" not in one and "doubled" not in one] == expected
    assert any(f"{file.name}:{broken + 1}: " in note for note in data.notes)
    with pytest.raises(DataError, match=rf"{file.name}:{broken + 1}: "):
        read_files(CLASSIFICATION, [str(file)])


def test_several_unclosed_quotes_cost_their_own_rows(tmp_path: Path):
    rows = [f'"text {i},x' if i % 7 == 0 else f'"a ""text"" {i}",y' for i in range(1, 101)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    errors: list[DataError] = []
    found = list(read_rows(Source(file, TaskKind.CLASSIFICATION, ("text", "label")), ReadLog(errors.append)))
    assert [error.line for error in errors] == [i + 1 for i in range(1, 101) if i % 7 == 0]
    assert [row.values["text"] for row in found] == [f'a "text" {i}' for i in range(1, 101) if i % 7]


def test_a_row_with_other_fields_in_several_lines_is_one_bad_row(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_text('text,label\na,x\n"one\ntwo, three\nfour",x,y\nb,z\n', encoding="utf-8")
    errors: list[DataError] = []
    found = list(read_rows(Source(file, TaskKind.CLASSIFICATION, ("text", "label")), ReadLog(errors.append)))
    assert ([row.values["text"] for row in found], [error.line for error in errors]) == (["a", "b"], [3])


def test_a_table_whose_quotes_are_characters_keeps_them(tmp_path: Path):
    rows = ['"Hello" she said\tx', '"Bye" he said\ty', 'a 5" pipe\tx', '"all of it"\ty']
    file = tmp_path / "t.tsv"
    file.write_text("\n".join(["text\tlabel", *rows, ""]), encoding="utf-8")
    data = read_task("topic", TaskConfig(kind="classification", train=(str(file),)))
    assert [e.text for e in data.train] == [row.split("\t")[0] for row in rows]
    assert any("quotes are read as characters" in note for note in data.notes)


CONTENT = "text;label\nZoë said “no”;x\nça va, merci;y\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same_texts(tmp_path: Path, encoding: str, end: str):
    file = tmp_path / "t.csv"
    file.write_bytes(CONTENT.replace("\n", end).encode(encoding))
    data = read_task("topic", TaskConfig(kind="classification", train=(str(file),)))
    assert data.train == (LabelledText("Zoë said “no”", "x"), LabelledText("ça va, merci", "y"))
    assert any("Windows-1252" in note for note in data.notes) == (encoding == "cp1252")


def test_damaged_utf8_is_refused_and_not_read_as_windows_text(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_bytes("text,label\né è ü,a\n".encode() + b"caf\xe9,b\n")
    with pytest.raises(DataError, match=r"t\.csv:3: UTF-8 text was expected"):
        read_files(CLASSIFICATION, [str(file)])


@pytest.mark.parametrize("label", ["NA", "null", "None", "yes", "no", "nan", "true", "007", "1e5", "-"])
def test_words_that_programs_take_for_values_are_labels(tmp_path: Path, label: str):
    file = tmp_path / "t.csv"
    file.write_text(f"text,label\n{label},{label}\nb,x\n")
    assert read_files(CLASSIFICATION, [str(file)])[0] == LabelledText(label, label)


@pytest.mark.parametrize(("value", "label"), [("3", "3"), ("true", "true"), ("false", "false"), ('["a"]', "a")])
def test_json_values_are_labels(tmp_path: Path, value: str, label: str):
    file = tmp_path / "t.jsonl"
    file.write_text(f'{{"text": "a", "label": {value}}}\n')
    assert read_files(CLASSIFICATION, [str(file)]) == (LabelledText("a", label),)


@pytest.mark.parametrize(
    ("given", "mapped"),
    [
        ({0: "neg", 1: "pos"}, ["neg", "pos"]),
        ({"0": "neg", "1": "pos"}, ["neg", "pos"]),
        ({0: 10, 1: 11}, ["10", "11"]),
    ],
)
def test_whole_numbers_are_mapped_whether_written_as_numbers_or_text(tmp_path: Path, given: dict, mapped: list[str]):
    file = tmp_path / "t.jsonl"
    file.write_text('{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n')
    config = TaskConfig(kind="classification", map_labels=given)
    assert [e.label for e in read_files(config, [str(file)])] == mapped


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE"])
def test_booleans_of_a_recipe_map_each_spelling(tmp_path: Path, spelling: str):
    file = tmp_path / "t.csv"
    file.write_text(f"text,label\na,{spelling}\nb,x\n")
    config = TaskConfig(kind="classification", map_labels={True: "spam"})
    assert [e.label for e in read_files(config, [str(file)])] == ["spam", "x"]


@pytest.mark.parametrize(("delimiter", "scores"), [(";", ("0,25", "1", "0,5")), ("\t", ("0.25", "1.0", ",5"))])
def test_scores_may_have_decimal_commas(tmp_path: Path, delimiter: str, scores: tuple[str, ...]):
    file = tmp_path / "t.csv"
    lines = [("sentence1", "sentence2", "score"), *(("a", "b", score) for score in scores)]
    file.write_text("\n".join(delimiter.join(line) for line in lines))
    found = read_files(TaskConfig(kind="similarity"), [str(file)])
    assert found == tuple(ScoredPair("a", "b", score) for score in (0.25, 1.0, 0.5))


def test_an_excel_sheet_is_read_as_the_csv_of_it(tmp_path: Path):
    rows = [("text", "label", "n"), ("one, two", 1, 0.5), ("Zoë\nleft", 0, None), ("NA", 1, "x")]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    found = [read_files(CLASSIFICATION, [str(tmp_path / name)]) for name in ("t.xlsx", "t.csv")]
    assert (
        found[0] == found[1] == (LabelledText("one, two", "1"), LabelledText("Zoë\nleft", "0"), LabelledText("NA", "1"))
    )


def test_a_broken_workbook_is_refused(tmp_path: Path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(DataError, match=r"t\.xlsx: an Excel workbook was expected"):
        read_files(CLASSIFICATION, [str(tmp_path / "t.xlsx")])


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt", "t.dat", "t", "t.xlsx"])
def test_the_content_decides_whatever_the_name(tmp_path: Path, name: str):
    (tmp_path / name).write_text("text;label\na, b;x\nc;y\n")
    assert read_files(CLASSIFICATION, [str(tmp_path / name)]) == (LabelledText("a, b", "x"), LabelledText("c", "y"))


def test_the_only_column_may_hold_commas(tmp_path: Path):
    (tmp_path / "t.csv").write_text("text\nwell, no\nyes\n")
    rows = read_rows(Source(tmp_path / "t.csv", wanted=("text",)))
    assert [row.values["text"] for row in rows] == ["well, no", "yes"]
