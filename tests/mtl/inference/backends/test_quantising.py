"""Graphs whose linear maps are in int8: all of the backbone, or those of queries and keys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from mtl.backbones import find_backbone
from mtl.errors import BackendError
from mtl.inference import Engine
from mtl.inference.autotune.probe_texts import SENTENCES
from mtl.inference.backends import InferencePrecision, openvino, quantising
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.openvino import GRAPH_FILE, GRAPH_FILES, OpenVinoBackend, core
from mtl.inference.backends.quantising import INT8, MIXED, quantize, ranges, round_weights, smoothing
from mtl.model import MultiTaskModel
from tests.mtl.conftest import MINILM
from tests.mtl.inference.backends.conftest import Exported
from tests.mtl.inference.backends.test_openvino import batches, expected_of
from tests.mtl.inference.engines import model_of
from tests.tiers import slow_except
from tests.tiny import ARCHITECTURES, HIDDEN, LAYERS

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")
needs_bf16 = pytest.mark.skipif(
    not openvino.is_installed() or not openvino.has_bf16(), reason="this processor has no bf16"
)
NARROW = replace(INT8, group=HIDDEN)  # of tiny models


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    return tmp_path


def products(graph: Path) -> list[Any]:
    return [one for one in core().read_model(graph).get_ordered_ops() if one.get_type_name() == "MatMul"]


def fed_by(product: Any, port: int) -> str:
    return product.input_value(port).get_node().get_type_name()


def pooled(folder: Path, model: MultiTaskModel, precision: str) -> np.ndarray:
    graph = Graph(model)
    backend = OpenVinoBackend(
        folder, InferencePrecision(precision), classifiers=graph.classifiers, taggers=graph.taggers
    )
    return np.concatenate([outputs.pooled for _, outputs in backend.run(batches())])


def cosines(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)


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
    scale = smoothing(np.abs(inputs).max(axis=0), weights, alpha=0.6)
    np.testing.assert_allclose((inputs / scale) @ (weights * scale).T, inputs @ weights.T, rtol=1e-6)
    assert np.abs(inputs / scale).max() < np.abs(inputs).max() / 3
    assert np.log(scale).mean() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("architecture", slow_except(ARCHITECTURES, "bert", "modernbert", "t5"))
def test_int8_takes_every_linear_map_of_a_backbone_and_none_of_its_heads(
    exported: Callable[[str], Exported], architecture: str, tmp_path: Path
):
    made = exported(architecture)
    target = tmp_path / GRAPH_FILES[InferencePrecision.INT8]
    quantize(made.folder / GRAPH_FILE, target, scheme=NARROW, batches=batches())
    names = [one.get_friendly_name() for one in products(target) if fed_by(one, 1) == "Reshape"]
    assert len(names) >= 4 * LAYERS
    assert not any("heads" in name for name in names)
    found = cosines(pooled(tmp_path, made.model, "int8"), expected_of(made.model).pooled)
    assert 0.99 < found.min() < 1 - 1e-6


@pytest.mark.parametrize(
    ("architecture", "query", "key"),
    [
        ("bert", "self.query", "self.key"),
        ("distilbert", "q_lin", "k_lin"),
        ("roberta", "self.query", "self.key"),
        ("mpnet", "attn.q", "attn.k"),
    ],
)
def test_mixed_takes_queries_and_keys_and_nothing_else(
    exported: Callable[[str], Exported], architecture: str, query: str, key: str, tmp_path: Path
):
    made = exported(architecture)
    target = tmp_path / GRAPH_FILE
    quantize(made.folder / GRAPH_FILE, target, scheme=MIXED, batches=batches())
    names = [one.get_friendly_name() for one in products(target) if fed_by(one, 0) == "FakeQuantize"]
    assert len([name for name in names if query in name]) == LAYERS
    assert len([name for name in names if key in name]) == LAYERS
    assert len(names) == 2 * LAYERS
    if openvino.has_bf16():  # others add integers in 16 bits, which overflow, and get no mixed precision
        expected = expected_of(made.model).pooled
        found = cosines(pooled(tmp_path, made.model, "fp32"), expected)  # its rounding without that of bf16
        assert 0.99 < found.min() < 1 - 1e-6


@pytest.mark.parametrize("architecture", ["deberta-v2", "modernbert"])
def test_a_model_without_queries_and_keys_of_their_own_is_refused(
    exported: Callable[[str], Exported], architecture: str, tmp_path: Path
):
    graph = exported(architecture).folder / GRAPH_FILE
    with pytest.raises(BackendError, match="linear maps for queries and keys alone"):
        quantize(graph, tmp_path / "mixed.xml", scheme=MIXED, batches=batches())


def test_ranges_are_those_of_what_the_maps_read(tiny_bert: Path, exported: Callable[[str], Exported]):
    model = model_of(tiny_bert).model
    read: list[np.ndarray] = []
    first = model.encoder.model.encoder.layer[0].attention.self.query
    first.register_forward_pre_hook(lambda _, given: read.append(given[0].detach().numpy()))
    expected_of(model)
    most = np.max([np.abs(values).max(axis=(0, 1)) for values in read], axis=0)
    found = ranges(core().read_model(exported("bert").folder / GRAPH_FILE), MIXED, batches())
    np.testing.assert_allclose(next(iter(found.values())), most, rtol=1e-4)


@pytest.mark.parametrize(
    ("precision", "products"),
    [("int8", {"i8": 36}), pytest.param("mixed", {"bf16": 24, "i8": 12}, marks=needs_bf16)],
)
def test_minilm_keeps_its_embeddings_and_multiplies_integers(precision: str, products: dict[str, int]):
    engine = Engine.load(MINILM, precision=precision)
    assert (engine.choice.backend, engine.choice.precision) == ("openvino", precision)
    assert engine.memory_bytes < 1.1 * 4 * 22.7e6 * (1 + 0.5)  # its weights, and what bf16 repacks of them
    odd = ["", "?", "你好世界", "🙂 🙂", "x" * 300, "0 1 2 3 4 5 6 7 8 9 " * 20, "a,b;c|d", "[MASK"]
    texts = [*SENTENCES, *odd, *(f"{a} {b}" for a, b in zip(SENTENCES, SENTENCES[1:], strict=False))]
    expected = SentenceTransformer(str(find_backbone(MINILM).folder), device="cpu").encode(texts)
    assert cosines(engine.encode(texts), expected).min() >= 0.999
    infos = [one.get_rt_info() for one in engine._parts.backend._compiled.get_runtime_model().get_ordered_ops()]
    maps = [one for one in infos if one["layerType"].astype(str).startswith("FullyConnected")]
    precisions = [one["runtimePrecision"].astype(str) for one in maps]
    assert {name: precisions.count(name) for name in set(precisions)} == products


def test_what_was_quantised_once_is_kept(tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(quantising.SCHEMES, InferencePrecision.INT8, NARROW)
    first = Engine.load(tiny_bert, precision="int8").encode(["Anna met Tom."])
    (graph,) = home.glob(f"cache/engines/*/{GRAPH_FILES[InferencePrecision.INT8]}")
    written = graph.stat().st_mtime_ns
    np.testing.assert_allclose(Engine.load(tiny_bert, precision="int8").encode(["Anna met Tom."]), first, atol=1e-6)
    assert graph.stat().st_mtime_ns == written


@pytest.fixture
def wide_groups(monkeypatch: pytest.MonkeyPatch):
    """Tiny models are narrower than a group anyway; these say so."""
    scheme = replace(INT8, group=64, needs="linear maps with a multiple of 64 inputs")
    monkeypatch.setitem(quantising.SCHEMES, InferencePrecision.INT8, scheme)


def test_a_model_that_is_too_narrow_is_refused_in_int8(tiny_bert: Path, home: Path, wide_groups: None):
    with pytest.raises(BackendError, match="a multiple of 64 inputs"):
        Engine.load(tiny_bert, precision="int8")


@pytest.mark.parametrize("precision", ["int8", "mixed"])
def test_torch_runs_neither(tiny_bert: Path, precision: str):
    with pytest.raises(BackendError, match=f"{precision} runs with openvino only"):
        Engine.load(tiny_bert, precision=precision, backend="torch")


@pytest.mark.slow
@needs_bf16
def test_with_bf16_the_mixed_precision_is_a_candidate_under_the_gate(home: Path):
    rows = {row.precision: row for row in Engine.load(MINILM).choice.measured if row.backend == "openvino"}
    assert rows["mixed"].fidelity.faithful
    assert rows["mixed"].fidelity.min_cosine >= 0.999


@needs_bf16
def test_a_model_without_queries_of_its_own_runs_without_mixed_and_says_why(
    backbone_folder: Callable[[str], Path], home: Path
):
    choice = Engine.load(backbone_folder("modernbert"), backend="openvino").choice
    assert "mixed" not in {row.precision for row in choice.measured}
    assert "linear maps for queries and keys alone" in choice.notes[0]


@pytest.mark.slow
def test_without_bf16_the_fast_candidate_is_int8(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    choice = Engine.load(MINILM).choice
    (row,) = (row for row in choice.measured if row.precision == "int8")
    assert row.fidelity.faithful
    assert row.fidelity.min_cosine >= 0.999
    assert "bf16" not in {one.precision for one in choice.measured}
    for precision in ("bf16", "mixed"):
        with pytest.raises(BackendError, match="this one has none"):
            Engine.load(MINILM, backend="openvino", precision=precision)


@pytest.mark.parametrize("backend", ["auto", "openvino"])
def test_without_bf16_a_narrow_model_runs_in_fp32_and_says_why(
    tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch, wide_groups: None, backend: str
):
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    choice = Engine.load(tiny_bert, backend=backend).choice
    assert choice.precision == "fp32"
    assert "a multiple of 64 inputs" in choice.notes[0]
