"""Features of large train sets lie in a file, with the values that they have in memory."""

import numpy as np
import pytest

from mtl.cache import RaggedRows
from mtl.training import head_features, set_up
from tests.mtl.recipes import quick_recipe


@pytest.mark.parametrize("task", ["topic", "names"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_features_in_a_file_have_the_values_of_the_rows(tiny_bert, tmp_path, monkeypatch, task, dtype):
    """Float32 rows are those whose values are too large for float16."""
    sections = {"tasks": (task,), "freezing": {"preset": "heads_only"}, "solver": "lbfgs"}
    trainer = set_up(quick_recipe(tiny_bert, tmp_path, **sections, **{f"tasks_{task}": {"head": {}}}))
    model, data = trainer.loaded.model, trainer.data.train[task]
    counts = 1 + data.texts.word_counts
    largest = 60_000 if dtype is np.float16 else 1e9
    values = np.random.default_rng(0).uniform(-largest, largest, (counts.sum(), model.encoder.dimension)).astype(dtype)
    monkeypatch.setattr(head_features, "_MOST_BYTES", 0)
    found = head_features.objective_of(data.tasks[task], data, RaggedRows(values, counts), model, l2=1.0).values
    starts = np.cumsum(counts) - counts
    of_words = np.setdiff1d(np.arange(len(values)), starts)
    np.testing.assert_array_equal(found, values[starts if task == "topic" else of_words])
