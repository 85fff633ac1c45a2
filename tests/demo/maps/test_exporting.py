import csv
import dataclasses

import numpy as np
import pyarrow.parquet

from demo.maps.exporting import ExportFormat, export_embeddings
from tests.demo.answers.test_embedded import result

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
    given = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a = b", "", "'=1"]
    labels = tuple(reversed(given))
    some = dataclasses.replace(result(len(given), labels), texts=tuple(given))
    with export_embeddings(some, ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, text, label in zip(rows, given, labels, strict=True):
        assert not row["text"].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row["text"].removeprefix("'") == text.removeprefix("'")
        assert row["label"].removeprefix("'") == label.removeprefix("'")
