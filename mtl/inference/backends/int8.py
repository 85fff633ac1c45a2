"""The linear maps of an exported graph in 8-bit integers, in a form that keeps its answers.

Three things make it hold. Weights have a scale for every 32 inputs of every output. Activations are rounded as they
come, 32 of a token at a time, so that no range is guessed beforehand. And both are smoothed first
(`mtl.inference.backends.linear_maps`). Heads, embeddings, norms and the products of attention stay as they are.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtl.errors import BackendError
from mtl.inference.backends import linear_maps
from mtl.inference.backends.interface import Batch
from mtl.inference.backends.linear_maps import MOST, Floats
from mtl.inference.backends.openvino import INT8_GROUP, library

_MOVED = 0.6  # of what single channels have too much of, into the weights


def quantize(graph: Path, target: Path, batches: Iterable[Batch]) -> None:
    """Write a graph again with the backbone's linear maps in int8.

    Args:
        graph: as `mtl.inference.backends.openvino.export` wrote it.
        target: the file to write, its weights beside it.
        batches: to measure activations on.

    Raises:
        BackendError: the model has no linear map that could be quantised.
    """
    model = library().Core().read_model(graph)
    inputs = {
        name: maps
        for name, maps in linear_maps.of_backbone(model).items()
        if linear_maps.weights_of(maps[0]).shape[1] % INT8_GROUP == 0
    }
    if not inputs:
        raise BackendError(f"int8 needs linear maps with a multiple of {INT8_GROUP} inputs, this model has none")
    ranges = linear_maps.ranges(graph, inputs, batches)
    for name, maps in inputs.items():
        _quantize_maps(maps, ranges[name])
    library().save_model(model, target, compress_to_fp16=False)


def _quantize_maps(maps: list[Any], most: Floats) -> None:
    """Quantise the linear maps that read one input, of which `most` `(K,)` is the largest value by channel."""
    from openvino import opset13 as ops

    weights = [linear_maps.weights_of(node) for node in maps]
    scale = linear_maps.smoothing(most, np.concatenate(weights), moved=_MOVED)
    smooth = ops.multiply(maps[0].input_value(0), ops.constant(1 / scale)).output(0)
    for node, values in zip(maps, weights, strict=True):
        integers, steps = round_weights(values * scale)
        restored = ops.multiply(ops.convert(ops.constant(integers), "f32"), ops.constant(steps))
        flat = ops.reshape(restored, ops.constant(np.array(values.shape, dtype=np.int64)), special_zero=False)
        node.input(0).replace_source_output(smooth)
        node.input(1).replace_source_output(flat.output(0))


def round_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights `(O, K)` as integers `(O, K / 32, 32)` and the steps `(O, K / 32, 1)` that they count."""
    groups = weights.reshape(len(weights), -1, INT8_GROUP)
    steps = np.maximum(np.abs(groups).max(axis=2, keepdims=True), np.finfo(np.float32).tiny * MOST) / MOST
    return np.rint(groups / steps).astype(np.int8), steps.astype(np.float32)
