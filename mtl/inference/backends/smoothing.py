"""Linear maps of an exported graph rewritten in integers, smoothed first.

What some channels have too much of is divided by a scale that the weights are multiplied with (SmoothQuant, Xiao et
al. 2023, https://arxiv.org/abs/2211.10438), so that neither has to be rounded coarsely. How much they have is measured
by the graph itself, on sentences.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtl.inference.backends.interface import Batch
from mtl.inference.backends.linear_maps import LinearMaps
from mtl.inference.backends.openvino import library

Floats = NDArray[np.float32]
MOST = 127
"""The largest integer that a weight becomes."""
_LEAST = 1e-5  # of a range or a scale


@dataclass(frozen=True, slots=True)
class Rounding:
    """How linear maps become integers."""

    moved: float
    """Of what single channels have too much of, into the weights: 0 leaves it where it is, 1 makes all alike."""
    activations: Callable[[Any, float], Any]
    """From a graph's output and its largest absolute value to the output that is read instead."""
    weights: Callable[[Floats], Any]
    """From weights `(O, K)` to the node that gives them rounded."""


def rewrite(
    model: Any,  # noqa: ANN401
    select: Callable[[Any], LinearMaps],
    rounding: Rounding,
    batches: Iterable[Batch],
) -> bool:
    """Round the linear maps that `select` finds in a graph; False, and nothing done, where there are none.

    Args:
        model: the graph, as OpenVINO read it; changed in place.
        select: also finds them in a copy of the graph, by the same names.
        rounding: of their inputs and weights.
        batches: to measure the inputs on.
    """
    found = select(model)
    if found:
        most = ranges(model, select, batches)
        for name, maps in found.items():
            _rewrite_maps(maps, most[name], rounding)
    return bool(found)


def ranges(model: Any, select: Callable[[Any], LinearMaps], batches: Iterable[Batch]) -> dict[str, Floats]:  # noqa: ANN401
    """The largest absolute value `(K,)` of each channel, by input of the linear maps that `select` finds."""
    from openvino import opset13 as ops

    measuring = model.clone()
    sources = {name: maps[0].input_value(0) for name, maps in select(measuring).items()}
    results = []
    for source in sources.values():
        before_last = np.arange(len(source.partial_shape) - 1, dtype=np.int64)
        results.append(ops.result(ops.reduce_max(ops.abs(source), ops.constant(before_last), keep_dims=False)))
    measuring.add_results(results)
    compiled = library().Core().compile_model(measuring, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: dict[str, Floats] = {}
    for batch in batches:
        outputs = compiled([batch.ids, batch.mask, batch.type_ids, batch.first_tokens]).to_tuple()
        for name, most in zip(sources, outputs[-len(sources) :], strict=True):
            found[name] = np.maximum(found.get(name, 0), most)
    return found


def _rewrite_maps(maps: list[Any], most: Floats, rounding: Rounding) -> None:
    """Those that read one input, of which `most` `(K,)` is the largest absolute value by channel."""
    from openvino import opset13 as ops

    weights = [np.array(node.input_value(1).get_node().data, dtype=np.float32) for node in maps]
    scale = smoothing(most, np.concatenate(weights), moved=rounding.moved)
    smooth = ops.multiply(maps[0].input_value(0), ops.constant(1 / scale)).output(0)
    source = rounding.activations(smooth, float((most / scale).max()))
    for node, values in zip(maps, weights, strict=True):
        node.input(0).replace_source_output(source)
        node.input(1).replace_source_output(rounding.weights(values * scale).output(0))


def smoothing(activations: Floats, weights: Floats, *, moved: float) -> Floats:
    """What each channel `(K,)` is divided by, and its weights multiplied with; its geometric mean is 1.

    Args:
        activations: `(K,)`, the largest absolute value of each channel.
        weights: `(O, K)`, of all maps that read it.
        moved: as in `Rounding`.
    """
    widest = np.abs(weights).max(axis=0)
    scale = np.maximum(activations, _LEAST) ** moved / np.maximum(widest, _LEAST) ** (1 - moved)
    result: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return result


def round_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights `(…, K)` as integers of the same shape and the steps `(…, 1)` that they count."""
    most = np.abs(weights).max(axis=-1, keepdims=True)
    steps = np.maximum(most, np.finfo(np.float32).tiny * MOST) / MOST
    return np.rint(weights / steps).astype(np.int8), steps.astype(np.float32)
