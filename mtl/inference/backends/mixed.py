"""Queries and keys of an exported graph in 8-bit integers, for all the rest to be run in bf16.

What attention compares decides only how much of each token is taken; rounding it moves the answers far less than
rounding what is taken. So one scale for all activations of a layer is enough here, and OpenVINO can fold the rounding
into the layer norm before. The scale comes from sentences (`mtl.inference.backends.smoothing`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mtl.errors import BackendError
from mtl.inference.backends.interface import Batch
from mtl.inference.backends.linear_maps import of_queries_and_keys
from mtl.inference.backends.openvino import library
from mtl.inference.backends.smoothing import MOST, Floats, Rounding, rewrite, round_weights


def quantize_queries_and_keys(graph: Path, target: Path, batches: Iterable[Batch]) -> None:
    """Write a graph again with the linear maps of queries and keys in int8; arguments as of `int8.quantize`.

    Raises:
        BackendError: the model has no such maps of their own.
    """
    model = library().Core().read_model(graph)
    if not rewrite(model, of_queries_and_keys, _ROUNDING, batches):
        raise BackendError("a mixed precision needs linear maps for queries and keys alone, this model has none")
    library().save_model(model, target, compress_to_fp16=False)


def _rounded(source: Any, most: float) -> Any:  # noqa: ANN401
    from openvino import opset13 as ops

    low = -most * (MOST + 1) / MOST
    ends = [ops.constant(np.float32(end)) for end in (low, most, low, most)]
    return ops.fake_quantize(source, *ends, levels=2 * (MOST + 1)).output(0)


def _by_output(weights: Floats) -> Any:  # noqa: ANN401
    """Weights `(O, K)` with a step for each output."""
    from openvino import opset13 as ops

    integers, steps = round_weights(weights)
    return ops.multiply(ops.convert(ops.constant(integers), "f32"), ops.constant(steps))


_ROUNDING = Rounding(moved=0.7, activations=_rounded, weights=_by_output)
