"""The linear maps of an exported graph, what they read, and how much of it is moved into their weights.

What some channels have too much of is divided by a scale that the weights are multiplied with (SmoothQuant, Xiao et
al. 2023, https://arxiv.org/abs/2211.10438), so that neither has to be rounded coarsely. How much they have is measured
by the graph itself, on sentences.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtl.inference.backends.interface import Batch
from mtl.inference.backends.openvino import library

Floats = NDArray[np.float32]
MOST = 127
"""The largest integer that a weight becomes."""
_LEAST = 1e-5  # of a range or a scale
_BACKBONE = "__module.model.encoder."  # of `mtl.inference.backends.graph.Graph`, in the names that tracing gives


def of_backbone(model: Any) -> dict[str, list[Any]]:  # noqa: ANN401
    """The backbone's linear maps, those that read the same input together, by the name of that input."""
    return _by_input(node for node in model.get_ordered_ops() if _is_linear_map(node))


def of_queries_and_keys(model: Any) -> dict[str, list[Any]]:  # noqa: ANN401
    """Those that make nothing but what attention compares."""
    attention = [node for node in model.get_ordered_ops() if node.get_type_name() == "ScaledDotProductAttention"]
    makers = [_maker(node.input_value(port).get_node()) for node in attention for port in (0, 1)]
    return _by_input(node for node in makers if node is not None)


def ranges(graph: Path, inputs: Mapping[str, list[Any]], batches: Iterable[Batch]) -> dict[str, Floats]:
    """The largest absolute value `(K,)` of each channel, by input of linear maps as one of the above names them."""
    from openvino import opset13 as ops

    core = library().Core()
    model = core.read_model(graph)
    sources = {name: of_backbone(model)[name][0].input_value(0) for name in inputs}
    results = []
    for source in sources.values():
        before_last = np.arange(len(source.partial_shape) - 1, dtype=np.int64)
        results.append(ops.result(ops.reduce_max(ops.abs(source), ops.constant(before_last), keep_dims=False)))
    model.add_results(results)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, Floats] = {}
    for batch in batches:
        outputs = compiled([batch.ids, batch.mask, batch.type_ids, batch.first_tokens]).to_tuple()
        for name, most in zip(sources, outputs[-len(sources) :], strict=True):
            found[name] = np.maximum(found.get(name, 0), most)
    return found


def weights_of(node: Any) -> Floats:  # noqa: ANN401
    """The weights `(O, K)` of a linear map."""
    return np.array(node.input_value(1).get_node().data, dtype=np.float32)


def smoothing(activations: Floats, weights: Floats, *, moved: float) -> Floats:
    """What each channel `(K,)` is divided by, and its weights multiplied with; its geometric mean is 1.

    Args:
        activations: `(K,)`, the largest absolute value of each channel.
        weights: `(O, K)`, of all maps that read it.
        moved: 0 leaves activations as they are, 1 makes all channels alike.
    """
    widest = np.abs(weights).max(axis=0)
    scale = np.maximum(activations, _LEAST) ** moved / np.maximum(widest, _LEAST) ** (1 - moved)
    result: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return result


def _by_input(maps: Iterator[Any]) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = defaultdict(list)
    for node in maps:
        source = node.input_value(0)
        result[f"{source.get_node().get_friendly_name()}:{source.get_index()}"].append(node)
    return dict(result)


def _is_linear_map(node: Any) -> bool:  # noqa: ANN401
    if node.get_type_name() != "MatMul" or not node.get_friendly_name().startswith(_BACKBONE):
        return False
    weights = node.input_value(1).get_node()
    learned = weights.get_type_name() == "Constant" and len(weights.shape) == 2
    of_texts = node.input_value(0).partial_shape.is_dynamic  # positions alone are computed once, at compilation
    return bool(learned and of_texts and node.get_attributes()["transpose_b"])


def _maker(node: Any) -> Any | None:  # noqa: ANN401
    """The linear map whose output this is, its bias added and its shape changed; None where more happens to it."""
    while node.get_type_name() in ("Add", "Reshape", "Transpose"):
        before = [value.get_node() for value in node.input_values()]
        if node.get_type_name() == "Add" and before[0].get_type_name() == "Constant":
            before.reverse()
        if node.get_type_name() == "Add" and before[1].get_type_name() != "Constant":
            return None
        node = before[0]
    return node if _is_linear_map(node) else None
