import csv
import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.answers.embedded import Embedded, embed_sentences
from demo.inputs.text_input import read_sentences
from demo.maps.exporting import ExportFormat, export_embeddings
from mtl.data.formats.formulas import protected
from tests.demo.answers.test_embedded import result
from tests.demo.fakes import FakeModel, settings

SOME = result(3, ("x", "y", 'z, "quoted"'))


def test_npy_holds_the_vectors_in_the_order_of_the_sentences():
    np.testing.assert_array_equal(np.load(export_embeddings(SOME, ExportFormat.NPY), allow_pickle=False), SOME.vectors)


def test_parquet_holds_texts_labels_predictions_and_vectors():
    found = pyarrow.parquet.read_table(export_embeddings(SOME, ExportFormat.PARQUET))
    assert found.column_names == ["text", "label", "predicted_topic", "predicted_entities", "embedding"]
    assert found["label"].to_pylist() == list(SOME.labels or ())
    np.testing.assert_array_equal(np.array(found["embedding"].to_pylist(), dtype=np.float32), SOME.vectors)


def test_csv_holds_the_same_in_columns():
    with export_embeddings(SOME, ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == list(SOME.labels or ())
    vectors = np.array([[float(row[f"e{i}"]) for i in range(8)] for row in rows])
    np.testing.assert_allclose(vectors, SOME.vectors, rtol=1e-6)


def test_no_text_is_a_formula_in_a_spreadsheet():
    texts = [
        "=1+1",
        "+1+1",
        "-1-a",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "a = b",
        "",
        "'=1",
        "''@x",
        "'a",
        "-",
    ]
    labels = tuple(reversed(texts))
    some = dataclasses.replace(result(len(texts), labels), texts=tuple(texts))
    with export_embeddings(some, ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, text, label in zip(rows, texts, labels, strict=True):
        assert not row["text"].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
        assert row["text"] in (text, f"'{text}")
        assert row["label"] in (label, f"'{label}")


@pytest.mark.parametrize("number", ["-1", "+1", "-1.5", "+1,5", "-1e-5", "-.5", "1", "-12."])
def test_numbers_stay_numbers_in_a_spreadsheet(number):
    assert protected(number) == number


@given(st.lists(st.text(st.sampled_from("'=+-@a1\uff1d #"), min_size=1, max_size=6).filter(str.strip), min_size=1))
def test_texts_of_an_export_come_back_as_they_were(texts):
    texts = tuple(" ".join(text.split()) for text in texts)
    some = dataclasses.replace(result(len(texts), texts), texts=texts)
    file = export_embeddings(some, ExportFormat.CSV)
    found = read_sentences(file, settings())
    assert (found.texts, found.groups) == (texts, texts)


def test_an_apostrophe_in_any_other_table_is_part_of_its_text(tmp_path):
    (tmp_path / "b.csv").write_text("text,label\n'=1,a\n'@b,a\n", encoding="utf-8")
    assert read_sentences(tmp_path / "b.csv", settings()).texts == ("'=1", "'@b")


TABLE = """ident;Kommentar;stimmung;predicted_topic;n
a1;Die Suppe war kalt.;-;x;=1
b2;;+;y;2
c3;Gutes Brot, danke.;+;z;3
"""


def of_file(folder: Path, content: str = TABLE, **columns: str) -> Embedded:
    (folder / "t.csv").write_text(content, encoding="utf-8")
    *_, found = embed_sentences(FakeModel(), read_sentences(folder / "t.csv", settings(), columns), key="m")
    assert isinstance(found, Embedded)
    return found


def test_the_export_of_a_file_has_a_row_for_each_row_with_its_line_and_columns(tmp_path: Path):
    found = of_file(tmp_path, text="Kommentar", label="stimmung")
    table = pyarrow.parquet.read_table(export_embeddings(found, ExportFormat.PARQUET)).to_pylist()
    assert [row["line"] for row in table] == ["2", "3", "4"]
    assert [row["ident"] for row in table] == ["a1", "b2", "c3"]
    assert [row["predicted_topic (input)"] for row in table] == ["x", "y", "z"]
    assert [row["text"] for row in table] == ["Die Suppe war kalt.", None, "Gutes Brot, danke."]
    assert [row["label"] for row in table] == ["-", None, "+"]
    assert [row["predicted_topic"] is None for row in table] == [False, True, False]
    assert [row["embedding"] is None for row in table] == [False, True, False]
    assert [row["rejected"] for row in table] == [None, "text is empty", None]
    np.testing.assert_array_equal([row["embedding"] for row in table[::2]], found.vectors)


def test_the_csv_and_the_array_of_a_file_have_the_same_rows(tmp_path: Path):
    found = of_file(tmp_path, text="Kommentar")
    with export_embeddings(found, ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["text"], row["n"]) for row in rows] == [
        ("2", "Die Suppe war kalt.", "'=1"),
        ("3", "", "2"),
        ("4", "Gutes Brot, danke.", "3"),
    ]
    assert rows[1]["e0"] == "" != rows[0]["e0"]
    array = np.load(export_embeddings(found, ExportFormat.NPY), allow_pickle=False)
    assert np.isnan(array[1]).all()
    np.testing.assert_array_equal(array[[0, 2]], found.vectors)


def test_columns_of_the_input_never_take_the_place_of_each_other_or_of_ours(tmp_path: Path):
    header = "text,predicted_topic,predicted_topic (input),rejected,rejected (input),e0,e1,embedding,line"
    found = of_file(tmp_path, f"{header}\n" + "Gutes Brot,a,b,c,d,e,f,g,h\nNoch eins,a,b,c,d,e,f,g,h\n")
    with export_embeddings(found, ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        names, first, _ = csv.reader(file)
    assert len(names) == len(set(names))
    assert set("abcdefgh") <= set(first)
