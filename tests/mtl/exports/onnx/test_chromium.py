"""An exported graph answers in a browser as the model does."""

from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from tests.mtl.exports.onnx.browsing import fetch_runtime, graphs_in_chromium
from tests.mtl.exports.onnx.conftest import Exported, assert_equal_outputs, runner_of
from tests.mtl.inference.engines import TEXTS


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetch_runtime(tmp_path_factory.mktemp("npm"))


@pytest.mark.slow
def test_both_graphs_answer_in_a_browser(browser, exported: Exported, runtime: Path):
    ids = np.array([[0, 5, 6, 7, 2], [0, 8, 2, 1, 1]])
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    int8 = InferenceSession(exported.folder / "model_int8.onnx").run(None, feed)
    with graphs_in_chromium(browser, runtime, exported.folder) as opened:
        assert_equal_outputs(exported, runner_of(exported, opened("model.onnx")), list(TEXTS.values()))
        for found, expected in zip(opened("model_int8.onnx")(feed), int8, strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=0.02 * max(1, np.abs(expected).max()))
