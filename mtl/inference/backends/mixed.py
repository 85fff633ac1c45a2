"""Queries and keys of an exported graph in 8-bit integers, for all the rest to be run in bf16.

What attention compares decides only how much of each token is taken; rounding it moves the answers far less than
rounding what is taken. So one scale for all activations of a layer is enough here, and OpenVINO can fold the rounding
into the layer norm before. The scale comes from sentences (`mtl.inference.backends.linear_maps`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mtl.errors import BackendError
from mtl.inference.backends import linear_maps
from mtl.inference.backends.interface import Batch
from mtl.inference.backends.linear_maps import MOST, Floats
from mtl.inference.backends.openvino import library

_MOVED = 0.7  # of what single channels have too much of, into the weights


def quantize_queries_and_keys(graph: Path, target: Path, batches: Iterable[Batch]) -> None:
    """Write a graph again with the linear maps of queries and keys in int8.

    Args:
        graph: as `mtl.inference.backends.openvino.export` wrote it.
        target: the file to write, its weights beside it.
        batches: to measure activations on.

    Raises:
        BackendError: the model has no such maps of their own.
    """
    model = library().Core().read_model(graph)
    inputs = linear_maps.of_queries_and_keys(model)
    if not inputs:
        raise BackendError("a mixed precision needs linear maps for queries and keys alone, this model has none")
    ranges = linear_maps.ranges(graph, inputs, batches)
    for name, maps in inputs.items():
        _quantize_maps(maps, ranges[name])
    library().save_model(model, target, compress_to_fp16=False)


def _quantize_maps(maps: list[Any], most: Floats) -> None:
    """Quantise the linear maps that read one input, of which `most` `(K,)` is the largest value by channel."""
    from openvino import opset13 as ops

    weights = [linear_maps.weights_of(node) for node in maps]
    scale = linear_maps.smoothing(most, np.concatenate(weights), moved=_MOVED)
    smooth = ops.multiply(maps[0].input_value(0), ops.constant(1 / scale))
    high = float((most / scale).max())
    low = -high * (MOST + 1) / MOST
    ends = [ops.constant(np.float32(end)) for end in (low, high, low, high)]
    rounded = ops.fake_quantize(smooth, *ends, levels=2 * (MOST + 1)).output(0)
    for node, values in zip(maps, weights, strict=True):
        smoothed = values * scale
        steps = np.maximum(np.abs(smoothed).max(axis=1, keepdims=True), np.finfo(np.float32).tiny * MOST) / MOST
        integers = ops.constant(np.rint(smoothed / steps).astype(np.int8))
        restored = ops.multiply(ops.convert(integers, "f32"), ops.constant(steps.astype(np.float32)))
        node.input(0).replace_source_output(rounded)
        node.input(1).replace_source_output(restored.output(0))
