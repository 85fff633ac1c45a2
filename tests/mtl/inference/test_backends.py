"""OpenVINO against torch on tiny models of every architecture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtl.errors import BackendError
from mtl.inference import Engine
from mtl.inference.backends import Batch, openvino
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.openvino import OpenVinoBackend, export
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.precision import InferencePrecision
from tests.mtl.inference.engines import model_of
from tests.tiny import ARCHITECTURES

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


def batches(count: int = 9) -> list[Batch]:
    chance = np.random.default_rng(0)
    result = []
    for number in range(count):
        rows, length = 1 + number % 3, 4 + number
        ids = chance.integers(5, 40, (rows, length))
        mask = np.ones_like(ids)
        ids[0, -2:], mask[0, -2:] = 1, 0
        first = np.tile(np.arange(1, 3), (rows, 1))
        result.append(Batch(list(range(rows)), ids, mask, np.zeros_like(ids), first))
    return result


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_exported_graph_gives_what_torch_gives(
    backbone_folder: Callable[[str], Path], architecture: str, tmp_path: Path
):
    model = model_of(backbone_folder(architecture)).model
    graph = Graph(model)
    export(model, tmp_path)
    backend = OpenVinoBackend(tmp_path, InferencePrecision.FP32, classifiers=graph.classifiers, taggers=graph.taggers)
    for (one, expected), (two, found) in zip(TorchBackend(model).run(batches()), backend.run(batches()), strict=True):
        assert one.ids.tolist() == two.ids.tolist()
        inside = slice(None)
        np.testing.assert_allclose(found.pooled[inside], expected.pooled[inside], rtol=0, atol=2e-4)
        for kind in ("classes", "emissions"):
            for name, values in getattr(expected, kind).items():
                np.testing.assert_allclose(getattr(found, kind)[name], values, rtol=0, atol=2e-3)


def test_a_caller_that_stops_early_leaves_the_backend_usable(tiny_bert: Path, tmp_path: Path):
    model = model_of(tiny_bert).model
    export(model, tmp_path)
    backend = OpenVinoBackend(tmp_path, InferencePrecision.FP32, classifiers=["topic", "mood"], taggers=["names"])
    for _ in range(5):
        next(iter(backend.run(batches())))
    assert len(list(backend.run(batches()))) == 9


def test_a_model_that_cannot_be_exported_runs_with_torch_and_says_so(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))

    def refuse(*_: object) -> None:
        raise BackendError("OpenVINO cannot run this model: no such operation")

    monkeypatch.setattr(openvino, "export", refuse)
    engine = Engine.load(tiny_bert)
    assert engine.choice.backend == "torch"
    assert engine.choice.notes[0] == "OpenVINO cannot run this model: no such operation"
    with pytest.raises(BackendError, match="no such operation"):
        Engine.load(tiny_bert, backend="openvino")


def test_openvino_is_imported_without_its_telemetry(tiny_bert: Path):
    import sys

    Engine.load(tiny_bert, backend="openvino")
    assert sys.modules["openvino_telemetry"] is None
