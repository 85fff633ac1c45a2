"""Linear maps of an exported graph in 8-bit integers, weights and activations.

Both are smoothed first (SmoothQuant, Xiao et al. 2023, https://arxiv.org/abs/2211.10438): a channel with a wide range
of activations is divided by a scale that its weights are multiplied with, so that neither has to be rounded coarsely.
The graph itself measures the ranges, on sentences. Heads, embeddings, norms and the products of attention stay as
they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtl.errors import BackendError
from mtl.inference.backends.interface import Batch, Floats, InferencePrecision
from mtl.inference.backends.openvino import INT8_GROUP, Model, Node, core, save_graph

LinearMaps = dict[str, list[Node]]
"""Products with learned weights; those that read the same input together, by the name of that input."""
MOST = 127
"""The largest integer that a weight becomes."""
_LEAST = 1e-5  # of a range or a scale
_BACKBONE = "__module.model.encoder."  # of `mtl.inference.backends.graph.Graph`, in the names that tracing gives


@dataclass(frozen=True, slots=True)
class QuantizationScheme:
    """Which linear maps become integers, and how.

    With a `group`, weights have a scale for every `group` inputs of every output, and OpenVINO rounds activations as
    they come, so many of a token at a time. Without one, weights have a scale for every output and the activations of
    a layer share one, from the measured ranges; OpenVINO folds that rounding into the layer norm before.
    """

    select: Callable[[Model], LinearMaps]
    needs: str
    """What `select` looks for."""
    group: int | None = None
    alpha: float = 0.6
    """SmoothQuant's: how much of a channel's range goes to the weights, from 0 (none) to 1 (all channels alike)."""

    def find(self, model: Model) -> LinearMaps:
        """The maps of a graph; the same names in every copy of it."""
        found, group = self.select(model), self.group or 1
        return {name: maps for name, maps in found.items() if maps[0].input_value(1).get_shape()[1] % group == 0}


def quantize(graph: Path, target: Path, *, scheme: QuantizationScheme, batches: Iterable[Batch]) -> None:
    """Write an exported graph again, its weights beside it, with linear maps of the backbone in int8.

    The batches are to measure activations on.

    Raises:
        BackendError: the model has no such map.
    """
    model = core().read_model(graph)
    found = scheme.find(model)
    if not found:
        raise BackendError(f"{scheme.needs} were expected to quantise, this model has none")
    most = ranges(model, scheme, batches)
    for name, maps in found.items():
        _rewrite(maps, most[name], scheme)
    save_graph(model, target)


def ranges(model: Model, scheme: QuantizationScheme, batches: Iterable[Batch]) -> dict[str, Floats]:
    """The largest absolute value `(K,)` of each channel, by input of the linear maps that a scheme finds."""
    from openvino import opset13 as ops

    measuring = model.clone()
    sources = {name: maps[0].input_value(0) for name, maps in scheme.find(measuring).items()}
    results = []
    for source in sources.values():
        before_last = np.arange(len(source.partial_shape) - 1, dtype=np.int64)
        results.append(ops.result(ops.reduce_max(ops.abs(source), ops.constant(before_last), keep_dims=False)))
    measuring.add_results(results)
    compiled = core().compile_model(measuring, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, Floats] = {}
    for batch in batches:
        outputs = compiled([batch.ids, batch.mask, batch.type_ids, batch.first_tokens]).to_tuple()
        for name, most in zip(sources, outputs[-len(sources) :], strict=True):
            found[name] = np.maximum(found.get(name, 0), most)
    return found


def _rewrite(maps: list[Node], most: Floats, scheme: QuantizationScheme) -> None:
    """The maps that read one input, of which `most` `(K,)` is the largest absolute value by channel."""
    from openvino import opset13 as ops

    weights = [np.array(node.input_value(1).get_node().data, dtype=np.float32) for node in maps]
    scale = smoothing(most, np.concatenate(weights), alpha=scheme.alpha)
    source = ops.multiply(maps[0].input_value(0), ops.constant(1 / scale)).output(0)
    if scheme.group is None:
        source = _round_activations(source, float((most / scale).max()))
    for node, values in zip(maps, weights, strict=True):
        node.input(0).replace_source_output(source)
        node.input(1).replace_source_output(_restored(values * scale, scheme.group).output(0))


def smoothing(activations: Floats, weights: Floats, *, alpha: float) -> Floats:
    """What each channel `(K,)` is divided by, and its weights multiplied with; its geometric mean is 1.

    Args:
        activations: `(K,)`, the largest absolute value of each channel.
        weights: `(O, K)`, of all maps that read it.
        alpha: as in `QuantizationScheme`.
    """
    widest = np.abs(weights).max(axis=0)
    scale = np.maximum(activations, _LEAST) ** alpha / np.maximum(widest, _LEAST) ** (1 - alpha)
    result: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return result


def round_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights `(…, K)` as integers of the same shape and the steps `(…, 1)` that they count."""
    most = np.abs(weights).max(axis=-1, keepdims=True)
    steps = np.maximum(most, np.finfo(np.float32).tiny * MOST) / MOST
    return np.rint(weights / steps).astype(np.int8), steps.astype(np.float32)


def _restored(weights: Floats, group: int | None) -> Node:
    """The node that makes weights `(O, K)` of their integers."""
    from openvino import opset13 as ops

    integers, steps = round_weights(weights.reshape(len(weights), -1, group) if group else weights)
    restored = ops.multiply(ops.convert(ops.constant(integers), "f32"), ops.constant(steps))
    if group is None:
        return restored
    return ops.reshape(restored, ops.constant(np.array(weights.shape, dtype=np.int64)), special_zero=False)


def _round_activations(source: Node, most: float) -> Node:
    from openvino import opset13 as ops

    low = -most * (MOST + 1) / MOST
    ends = [ops.constant(np.float32(end)) for end in (low, most, low, most)]
    return ops.fake_quantize(source, *ends, levels=2 * (MOST + 1)).output(0)


def _of_backbone(model: Model) -> LinearMaps:
    """All of the backbone."""
    return _by_input(node for node in model.get_ordered_ops() if _is_linear_map(node))


def _of_queries_and_keys(model: Model) -> LinearMaps:
    """Those that make nothing but what attention compares; none where it is made together with the values."""
    makers = [_maker(value.get_node()) for node in model.get_ordered_ops() for value in _compared(node)]
    return _by_input(node for node in makers if node is not None)


def _compared(node: Node) -> list[Node]:
    """The queries and keys of attention, as one operation or as a softmax over a product that may be shifted."""
    if node.get_type_name() == "ScaledDotProductAttention":
        return [node.input_value(port) for port in (0, 1)]
    if node.get_type_name() != "Softmax":
        return []
    while node.get_type_name() in ("Softmax", "Add", "Divide", "Multiply", "Reshape"):
        node = node.input_value(0).get_node()
    return list(node.input_values()) if node.get_type_name() == "MatMul" else []


def _by_input(maps: Iterator[Node]) -> LinearMaps:
    result: LinearMaps = defaultdict(list)
    for node in maps:
        source = node.input_value(0)
        result[f"{source.get_node().get_friendly_name()}:{source.get_index()}"].append(node)
    return dict(result)


def _is_linear_map(node: Node) -> bool:
    if node.get_type_name() != "MatMul" or not node.get_friendly_name().startswith(_BACKBONE):
        return False
    weights = node.input_value(1).get_node()
    learned = weights.get_type_name() == "Constant" and len(weights.shape) == 2
    of_texts = node.input_value(0).partial_shape.is_dynamic  # positions alone are computed once, at compilation
    return bool(learned and of_texts and node.get_attributes()["transpose_b"])


def _maker(node: Node) -> Node | None:
    """The linear map whose output this is, its bias added and its shape changed; None where more happens to it."""
    while node.get_type_name() in ("Add", "Reshape", "Transpose"):
        before = [value.get_node() for value in node.input_values()]
        if node.get_type_name() == "Add" and before[0].get_type_name() == "Constant":
            before.reverse()
        if node.get_type_name() == "Add" and before[1].get_type_name() != "Constant":
            return None
        node = before[0]
    return node if _is_linear_map(node) else None


INT8 = QuantizationScheme(_of_backbone, f"linear maps with a multiple of {INT8_GROUP} inputs", group=INT8_GROUP)
"""Every linear map of the backbone."""
MIXED = QuantizationScheme(_of_queries_and_keys, "linear maps for queries and keys alone")
"""Queries and keys, for all the rest to be run in bf16.

What attention compares decides only how much of each token is taken; rounding it moves the answers far less than
rounding what is taken, so the coarser and faster way is enough.
"""
SCHEMES: Mapping[InferencePrecision, QuantizationScheme] = {
    InferencePrecision.INT8: INT8,
    InferencePrecision.MIXED: MIXED,
}
"""Of the precisions that need a graph of their own."""
