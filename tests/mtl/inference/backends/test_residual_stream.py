"""What stays in fp32 of an exported graph, as OpenVINO reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mtl.inference.backends import openvino
from mtl.inference.backends.openvino import GRAPH_FILE, core
from tests.mtl.inference.backends.conftest import Exported

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


def marked(graph: Path) -> list[Any]:
    operations = core().read_model(graph).get_ordered_ops()
    return [one for one in operations if any("DisablePrecisionConversion" in key for key in one.get_rt_info())]


def kinds(operations: list[Any]) -> dict[str, int]:
    names = [one.get_type_name() for one in operations]
    return {name: names.count(name) for name in names}


def test_norms_and_the_sums_before_them_are_marked(exported: Callable[[str], Exported]):
    made = exported("bert")
    layers = len(made.model.encoder.model.encoder.layer)
    norms = 1 + 2 * layers
    assert kinds(marked(made.folder / GRAPH_FILE)) == {
        "MVN": norms,
        "Multiply": norms,
        "Add": norms + 2 + 2 * layers,  # shifts, two sums of embeddings, two residuals a layer
    }


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "modernbert"])
def test_every_layer_norm_is_marked_and_no_product(exported: Callable[[str], Exported], architecture: str):
    graph = exported(architecture).folder / GRAPH_FILE
    found = kinds(marked(graph))
    assert set(found) <= {"MVN", "Multiply", "Add"}
    assert found["MVN"] == kinds(core().read_model(graph).get_ordered_ops())["MVN"]
    assert found["Add"] >= found["MVN"] - 1  # modernbert: no shifts, and its first norm follows no sum


def test_the_processor_computes_them_in_fp32(exported: Callable[[str], Exported]):
    if not openvino.has_bf16():
        pytest.skip("this processor has no bf16")
    graph = exported("bert").folder / GRAPH_FILE
    compiled = core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    precisions: dict[str, set[str]] = {}
    for one in compiled.get_runtime_model().get_ordered_ops():
        info = one.get_rt_info()
        precisions.setdefault(info["layerType"].astype(str), set()).add(info["outputPrecisions"].astype(str))
    assert precisions["MVN"] == {"f32"}
    assert "bf16" in precisions["FullyConnected"]
