"""Graphs whose linear maps are in int8."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtl.errors import BackendError
from mtl.inference import Engine
from mtl.inference.backends import int8, openvino
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.int8 import quantize
from mtl.inference.backends.openvino import GRAPH_FILE, INT8_GRAPH_FILE, OpenVinoBackend, export, library
from mtl.inference.backends.smoothing import round_weights, smoothing
from mtl.inference.precision import InferencePrecision
from mtl.inference.probe_texts import SENTENCES
from tests.mtl.conftest import MINILM
from tests.mtl.inference.engines import model_of
from tests.mtl.inference.test_backends import batches
from tests.tiny import ARCHITECTURES, HIDDEN, LAYERS

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


def quantised_maps(graph: Path) -> list[Any]:
    """Products whose second factor comes from integers."""
    products = [one for one in library().Core().read_model(graph).get_ordered_ops() if one.get_type_name() == "MatMul"]
    return [one for one in products if one.input_value(1).get_node().get_type_name() == "Reshape"]


def test_rounded_weights_are_within_half_a_step_and_use_all_of_it():
    weights = np.random.default_rng(0).normal(size=(5, 128)).astype(np.float32)
    weights[0, :32] *= 100  # groups do not hurt each other
    weights[1] = 0
    integers, steps = round_weights(weights.reshape(5, 4, 32))
    assert (integers.shape, steps.shape) == ((5, 4, 32), (5, 4, 1))
    restored = (integers * steps).reshape(weights.shape)
    assert (np.abs(restored - weights).reshape(5, 4, 32) <= steps * 0.5001).all()
    assert (np.abs(integers).max(axis=2) == 127)[[0, 2, 3, 4]].all()
    assert (restored[1] == 0).all()


def test_smoothing_alone_changes_no_product():
    chance = np.random.default_rng(0)
    inputs, weights = chance.normal(size=(7, 8)) * [1, 1, 50, 1, 1, 0, 1, 1], chance.normal(size=(3, 8))
    scale = smoothing(np.abs(inputs).max(axis=0), weights, moved=0.6)
    np.testing.assert_allclose((inputs / scale) @ (weights * scale).T, inputs @ weights.T, rtol=1e-6)
    assert np.abs(inputs / scale).max() < np.abs(inputs).max() / 3
    assert np.log(scale).mean() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_linear_maps_of_every_backbone_are_quantised_and_its_heads_are_not(
    backbone_folder: Callable[[str], Path], architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(int8, "INT8_GROUP", HIDDEN)
    model = model_of(backbone_folder(architecture)).model
    export(model, tmp_path)
    quantize(tmp_path / GRAPH_FILE, tmp_path / INT8_GRAPH_FILE, batches())
    names = [one.get_friendly_name() for one in quantised_maps(tmp_path / INT8_GRAPH_FILE)]
    assert len(names) >= 4 * LAYERS
    assert not any("heads" in name for name in names)
    graph = Graph(model)
    found, expected = (
        OpenVinoBackend(tmp_path, precision, classifiers=graph.classifiers, taggers=graph.taggers)
        for precision in (InferencePrecision.INT8, InferencePrecision.FP32)
    )
    for (_, a), (_, b) in zip(found.run(batches()), expected.run(batches()), strict=True):
        lengths = np.linalg.norm(a.pooled, axis=1) * np.linalg.norm(b.pooled, axis=1)
        assert ((a.pooled * b.pooled).sum(axis=1) / lengths).min() > 0.99
        assert not np.array_equal(a.pooled, b.pooled)


def test_minilm_in_int8_keeps_its_embeddings_and_multiplies_integers():
    fp32 = Engine.load(MINILM, backend="openvino", precision="fp32")
    engine = Engine.load(MINILM, precision="int8")
    assert (engine.choice.backend, engine.choice.precision) == ("openvino", "int8")
    assert engine.memory_bytes < fp32.memory_bytes * 0.75
    texts = [*SENTENCES, "He said that " * 60, *(f"{a} {b}" for a, b in zip(SENTENCES, SENTENCES[1:], strict=False))]
    a, b = engine.encode(texts, normalize_embeddings=True), fp32.encode(texts, normalize_embeddings=True)
    assert (a * b).sum(axis=1).min() >= 0.999
    operations = engine._parts.backend._compiled.get_runtime_model().get_ordered_ops()
    kinds = [one.get_rt_info() for one in operations]
    maps = [one for one in kinds if one["layerType"].astype(str) == "FullyConnected"]
    assert [one["runtimePrecision"].astype(str) for one in maps] == ["i8"] * 6 * 6


def test_what_was_quantised_once_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    first = Engine.load(MINILM, precision="int8").encode(["Anna met Tom."])
    (graph,) = tmp_path.glob(f"cache/engines/*/{INT8_GRAPH_FILE}")
    written = graph.stat().st_mtime_ns
    np.testing.assert_allclose(Engine.load(MINILM, precision="int8").encode(["Anna met Tom."]), first, atol=1e-6)
    assert graph.stat().st_mtime_ns == written


def test_a_model_that_is_too_narrow_is_refused_in_int8(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(int8, "INT8_GROUP", 64)
    with pytest.raises(BackendError, match="a multiple of 64 inputs"):
        Engine.load(tiny_bert, precision="int8")


def test_torch_does_not_run_int8(tiny_bert: Path):
    with pytest.raises(BackendError, match="int8 runs with openvino only"):
        Engine.load(tiny_bert, precision="int8", backend="torch")


def test_without_bf16_the_fast_candidate_is_int8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    choice = Engine.load(MINILM).choice
    row = choice.measured[0]
    assert (row.backend, row.precision) == ("openvino", "int8")
    assert row.faithful
    assert row.min_cosine >= 0.999
    assert "bf16" not in {one.precision for one in choice.measured}
    with pytest.raises(BackendError, match="this one has none"):
        Engine.load(MINILM, backend="openvino", precision="bf16")


@pytest.mark.parametrize("backend", ["auto", "openvino"])
def test_without_bf16_a_narrow_model_runs_in_fp32_and_says_why(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    monkeypatch.setattr(int8, "INT8_GROUP", 64)
    choice = Engine.load(tiny_bert, backend=backend).choice
    assert choice.precision == "fp32"
    assert "a multiple of 64 inputs" in choice.notes[0]
