"""The linear maps of an exported graph in 8-bit integers, in a form that keeps its answers.

Three things make it hold. Weights have a scale for every 32 inputs of every output. Activations are rounded as they
come, 32 of a token at a time, so that no range is guessed beforehand. And what some channels have too much of is moved
into the weights first (SmoothQuant, Xiao et al. 2023, https://arxiv.org/abs/2211.10438); how much that is, is
measured on sentences. Heads, embeddings, norms and the products of attention stay as they are.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtl.errors import BackendError
from mtl.inference.backends.interface import Batch
from mtl.inference.backends.openvino import INT8_GROUP, library

Floats = NDArray[np.float32]
_MOST = 127
_MOVED = 0.6  # 0 leaves activations as they are, 1 makes all channels alike
_LEAST = 1e-5  # of a range or a scale
_BACKBONE = "__module.model.encoder."  # of `mtl.inference.backends.graph.Graph`, in the names that tracing gives


def quantize(graph: Path, target: Path, batches: Iterable[Batch]) -> None:
    """Write a graph again with the backbone's linear maps in int8.

    Args:
        graph: as `mtl.inference.backends.openvino.export` wrote it.
        target: the file to write, its weights beside it.
        batches: to measure activations on.

    Raises:
        BackendError: the model has no linear map that could be quantised.
    """
    core = library().Core()
    model = core.read_model(graph)
    inputs = _linear_maps(model)
    if not inputs:
        raise BackendError(f"int8 needs linear maps with a multiple of {INT8_GROUP} inputs, this model has none")
    ranges = _ranges(core, core.read_model(graph), batches)
    for name, maps in inputs.items():
        _quantize_maps(maps, ranges[name])
    library().save_model(model, target, compress_to_fp16=False)


def _linear_maps(model: Any) -> dict[str, list[Any]]:  # noqa: ANN401
    """The backbone's linear maps of a width that can be grouped, those that read the same input together."""
    result: dict[str, list[Any]] = defaultdict(list)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "MatMul" and node.get_friendly_name().startswith(_BACKBONE):
            source, weights = node.input_value(0), node.input_value(1).get_node()
            learned = weights.get_type_name() == "Constant" and len(weights.shape) == 2
            of_texts = source.partial_shape.is_dynamic  # positions alone are computed once, when the graph is compiled
            linear = learned and of_texts and node.get_attributes()["transpose_b"]
            if linear and weights.shape[1] % INT8_GROUP == 0:
                result[f"{source.get_node().get_friendly_name()}:{source.get_index()}"].append(node)
    return dict(result)


def _ranges(core: Any, model: Any, batches: Iterable[Batch]) -> dict[str, Floats]:  # noqa: ANN401
    """By input of linear maps the largest absolute value `(K,)` of each channel."""
    from openvino import opset13 as ops

    inputs = {name: maps[0].input_value(0) for name, maps in _linear_maps(model).items()}
    results = []
    for source in inputs.values():
        before_last = np.arange(len(source.partial_shape) - 1, dtype=np.int64)
        results.append(ops.result(ops.reduce_max(ops.abs(source), ops.constant(before_last), keep_dims=False)))
    model.add_results(results)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, Floats] = {}
    for batch in batches:
        outputs = compiled([batch.ids, batch.mask, batch.type_ids, batch.first_tokens]).to_tuple()
        for name, most in zip(inputs, outputs[-len(inputs) :], strict=True):
            found[name] = np.maximum(found.get(name, 0), most)
    return found


def _quantize_maps(maps: list[Any], most: Floats) -> None:
    """Quantise the linear maps that read one input, of which `most` `(K,)` is the largest value by channel."""
    from openvino import opset13 as ops

    weights = [np.array(node.input_value(1).get_node().data, dtype=np.float32) for node in maps]
    scale = _smoothing(most, np.max([np.abs(values).max(axis=0) for values in weights], axis=0))
    smooth = ops.multiply(maps[0].input_value(0), ops.constant(1 / scale)).output(0)
    for node, values in zip(maps, weights, strict=True):
        integers, steps = round_weights(values * scale)
        restored = ops.multiply(ops.convert(ops.constant(integers), "f32"), ops.constant(steps))
        flat = ops.reshape(restored, ops.constant(np.array(values.shape, dtype=np.int64)), special_zero=False)
        node.input(0).replace_source_output(smooth)
        node.input(1).replace_source_output(flat.output(0))


def _smoothing(activations: Floats, weights: Floats) -> Floats:
    """What each channel `(K,)` is divided by, and its weights multiplied with; its geometric mean is 1."""
    scale = np.maximum(activations, _LEAST) ** _MOVED / np.maximum(weights, _LEAST) ** (1 - _MOVED)
    result: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return result


def round_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights `(O, K)` as integers `(O, K / 32, 32)` and the steps `(O, K / 32, 1)` that they count."""
    groups = weights.reshape(len(weights), -1, INT8_GROUP)
    steps = np.maximum(np.abs(groups).max(axis=2, keepdims=True), np.finfo(np.float32).tiny * _MOST) / _MOST
    return np.rint(groups / steps).astype(np.int8), steps.astype(np.float32)
