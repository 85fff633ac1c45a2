"""The linear maps of an exported graph in 8-bit integers, in a form that keeps its answers.

Three things make it hold. Weights have a scale for every 32 inputs of every output. Activations are rounded as they
come, 32 of a token at a time, so that no range is guessed beforehand. And both are smoothed first
(`mtl.inference.backends.smoothing`). Heads, embeddings, norms and the products of attention stay as they are.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mtl.errors import BackendError
from mtl.inference.backends.interface import Batch
from mtl.inference.backends.linear_maps import LinearMaps, of_backbone
from mtl.inference.backends.openvino import INT8_GROUP, library
from mtl.inference.backends.smoothing import Floats, Rounding, rewrite, round_weights


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
    if not rewrite(model, _of_groups, _ROUNDING, batches):
        raise BackendError(f"int8 needs linear maps with a multiple of {INT8_GROUP} inputs, this model has none")
    library().save_model(model, target, compress_to_fp16=False)


def _of_groups(model: Any) -> LinearMaps:  # noqa: ANN401
    """Those of a width that can be grouped."""
    found = of_backbone(model).items()
    return {name: maps for name, maps in found if maps[0].input_value(1).get_shape()[1] % INT8_GROUP == 0}


def _in_groups(weights: Floats) -> Any:  # noqa: ANN401
    """Weights `(O, K)` with a step for every group of each output."""
    from openvino import opset13 as ops

    integers, steps = round_weights(weights.reshape(len(weights), -1, INT8_GROUP))
    restored = ops.multiply(ops.convert(ops.constant(integers), "f32"), ops.constant(steps))
    return ops.reshape(restored, ops.constant(np.array(weights.shape, dtype=np.int64)), special_zero=False)


_ROUNDING = Rounding(moved=0.6, activations=lambda source, _: source, weights=_in_groups)
"""OpenVINO itself rounds the activations."""
