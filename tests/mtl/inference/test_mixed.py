"""Graphs whose queries and keys are in int8, all else in bf16."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtl.errors import BackendError
from mtl.inference import Engine
from mtl.inference.backends import openvino
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.linear_maps import of_queries_and_keys
from mtl.inference.backends.mixed import quantize_queries_and_keys
from mtl.inference.backends.openvino import GRAPH_FILE, MIXED_GRAPH_FILE, OpenVinoBackend, export, library
from mtl.inference.backends.smoothing import ranges
from mtl.inference.precision import InferencePrecision
from mtl.inference.probe_texts import SENTENCES
from mtl.model import MultiTaskModel
from tests.mtl.conftest import MINILM
from tests.mtl.inference.engines import model_of
from tests.mtl.inference.test_backends import batches
from tests.tiny import LAYERS

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")
needs_bf16 = pytest.mark.skipif(
    not openvino.is_installed() or not openvino.has_bf16(), reason="this processor has no bf16"
)


def rounded(graph: Path) -> list[str]:
    """Names of the maps whose input is rounded."""
    products = [one for one in library().Core().read_model(graph).get_ordered_ops() if one.get_type_name() == "MatMul"]
    kinds = [(one.get_friendly_name(), one.input_value(0).get_node().get_type_name()) for one in products]
    return [name for name, kind in kinds if kind == "FakeQuantize"]


@pytest.mark.parametrize(
    ("architecture", "query", "key"),
    [("bert", "self.query", "self.key"), ("distilbert", "q_lin", "k_lin"), ("roberta", "self.query", "self.key")],
)
def test_queries_and_keys_are_found_and_nothing_else(
    backbone_folder: Callable[[str], Path], architecture: str, query: str, key: str, tmp_path: Path
):
    model = model_of(backbone_folder(architecture)).model
    export(model, tmp_path)
    quantize_queries_and_keys(tmp_path / GRAPH_FILE, tmp_path / MIXED_GRAPH_FILE, batches())
    names = rounded(tmp_path / MIXED_GRAPH_FILE)
    assert len([name for name in names if query in name]) == LAYERS
    assert len([name for name in names if key in name]) == LAYERS
    assert len(names) == 2 * LAYERS
    alone, whole = pooled(_as_fp32(tmp_path), model), pooled(tmp_path, model)
    lengths = np.linalg.norm(alone, axis=1) * np.linalg.norm(whole, axis=1)
    assert 0.99 < ((alone * whole).sum(axis=1) / lengths).min() < 1


def pooled(folder: Path, model: MultiTaskModel) -> np.ndarray:
    """What the graph of a folder gives in fp32."""
    graph = Graph(model)
    backend = OpenVinoBackend(folder, InferencePrecision.FP32, classifiers=graph.classifiers, taggers=graph.taggers)
    return np.concatenate([outputs.pooled for _, outputs in backend.run(batches())])


def _as_fp32(folder: Path) -> Path:
    """A folder whose graph is the mixed one: its rounding without that of bf16."""
    target = folder / "alone"
    target.mkdir()
    for suffix in (".xml", ".bin"):
        mixed = folder / MIXED_GRAPH_FILE
        (target / GRAPH_FILE).with_suffix(suffix).write_bytes(mixed.with_suffix(suffix).read_bytes())
    return target


@pytest.mark.parametrize("architecture", ["deberta-v2", "modernbert"])
def test_a_model_without_queries_and_keys_of_their_own_is_refused(
    backbone_folder: Callable[[str], Path], architecture: str, tmp_path: Path
):
    export(model_of(backbone_folder(architecture)).model, tmp_path)
    with pytest.raises(BackendError, match="linear maps for queries and keys alone"):
        quantize_queries_and_keys(tmp_path / GRAPH_FILE, tmp_path / MIXED_GRAPH_FILE, batches())


def test_ranges_are_those_of_what_the_maps_read(tiny_bert: Path, tmp_path: Path):
    model = model_of(tiny_bert).model
    export(model, tmp_path)
    read: list[np.ndarray] = []
    first = model.encoder.model.encoder.layer[0].attention.self.query
    first.register_forward_pre_hook(lambda _, given: read.append(given[0].detach().numpy()))
    for batch in batches():
        Graph(model).eval()(
            *[_tensor(values) for values in (batch.ids, batch.mask, batch.type_ids, batch.first_tokens)]
        )
    most = np.max([np.abs(values).max(axis=(0, 1)) for values in read], axis=0)
    found = ranges(library().Core().read_model(tmp_path / GRAPH_FILE), of_queries_and_keys, batches())
    np.testing.assert_allclose(next(iter(found.values())), most, rtol=1e-4)


def _tensor(values: np.ndarray):
    import torch

    return torch.from_numpy(values)


@needs_bf16
def test_minilm_in_mixed_precision_keeps_its_embeddings_and_multiplies_both():
    fp32 = Engine.load(MINILM, backend="openvino", precision="fp32")
    engine = Engine.load(MINILM, precision="mixed")
    assert (engine.choice.backend, engine.choice.precision) == ("openvino", "mixed")
    assert engine.memory_bytes < fp32.memory_bytes
    odd = ["", "?", "你好世界", "🙂 🙂", "x" * 300, "0 1 2 3 4 5 6 7 8 9 " * 20, "a,b;c|d", "[MASK] [SEP]"]
    texts = [*SENTENCES, *odd, *(f"{a} {b}" for a, b in zip(SENTENCES, SENTENCES[1:], strict=False))]
    a, b = engine.encode(texts, normalize_embeddings=True), fp32.encode(texts, normalize_embeddings=True)
    assert (a * b).sum(axis=1).min() >= 0.999
    operations = engine._parts.backend._compiled.get_runtime_model().get_ordered_ops()
    kinds = [one.get_rt_info() for one in operations]
    maps = [one for one in kinds if one["layerType"].astype(str).startswith("FullyConnected")]
    found = [one["runtimePrecision"].astype(str) for one in maps]
    assert sorted(found) == ["bf16"] * 4 * 6 + ["i8"] * 2 * 6


@needs_bf16
def test_with_bf16_the_mixed_precision_is_a_candidate_under_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    rows = {row.precision: row for row in Engine.load(MINILM).choice.measured if row.backend == "openvino"}
    assert rows["mixed"].faithful
    assert rows["mixed"].min_cosine >= 0.999


@needs_bf16
def test_a_model_without_queries_of_its_own_runs_without_mixed_and_says_why(
    backbone_folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    choice = Engine.load(backbone_folder("modernbert"), backend="openvino").choice
    assert "mixed" not in {row.precision for row in choice.measured}
    assert "linear maps for queries and keys alone" in choice.notes[0]


def test_without_bf16_a_mixed_precision_is_refused(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    with pytest.raises(BackendError, match="this one has none"):
        Engine.load(tiny_bert, precision="mixed")


def test_torch_does_not_run_mixed(tiny_bert: Path):
    with pytest.raises(BackendError, match="mixed runs with openvino only"):
        Engine.load(tiny_bert, precision="mixed", backend="torch")
