"""From a module of PyTorch to an ONNX graph on disk, held against the module."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtl.encoder.encoder import quiet_transformers
from mtl.errors import BackendError
from mtl.exports.onnx.graph import OnnxGraph
from mtl.inference.backends.tracing import checked_length, finite_masks

SCOPES = "pkg.torch.onnx.name_scopes"
"""The property of a node that has the names of the modules around it."""
_WITHIN = 1e-4  # of the largest value of an output, and of 1
MOST_IN_ONE_FILE = 1_900_000_000  # bytes; a protobuf ends at 2 GiB


def write_graph(graph: OnnxGraph, path: Path, *, max_length: int) -> None:
    """Write a model, its weights in the same file as far as the format allows it.

    Args:
        graph: on the processor.
        path: of the file.
        max_length: of a text, in tokens.

    Raises:
        BackendError: the model has an operation that cannot be exported, or the graph gives other answers.
    """
    graph.eval()
    checked = checked_length(graph.model)
    size = sum(parameter.numel() * parameter.element_size() for parameter in graph.parameters())
    with _quiet(), torch.inference_mode(), finite_masks(graph.model):
        program = _exported(graph, _example(graph, checked))
        for node in program.model.graph.all_nodes():  # without the paths of this machine
            scopes = node.metadata_props.get(SCOPES, "")
            node.metadata_props.clear()
            node.metadata_props[SCOPES] = scopes
        program.save(path, external_data=size > MOST_IN_ONE_FILE)
        for length in (3, checked, max_length):
            _check(graph, path, _example(graph, length))


def _exported(graph: OnnxGraph, example: tuple[Tensor, ...]) -> Any:  # noqa: ANN401
    try:
        return torch.onnx.export(
            graph,
            example,
            dynamo=True,
            verbose=False,
            input_names=graph.input_names,
            output_names=graph.output_names,
            dynamic_shapes=tuple({0: "batch", 1: "length"} for _ in example),
        )
    except (torch.onnx.OnnxExporterError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BackendError(f"this model cannot be exported to ONNX: {reason}") from error


def _example(graph: OnnxGraph, length: int) -> tuple[Tensor, ...]:
    """Two texts of so many tokens, all but two of the second padding."""
    ids = torch.arange(1, 2 * length + 1).view(2, length) % 5
    mask = torch.ones_like(ids)
    mask[1, 2:] = 0
    return (ids, mask, torch.zeros_like(ids))[: len(graph.input_names)]


def _check(graph: OnnxGraph, path: Path, texts: tuple[Tensor, ...]) -> None:
    """Compare with torch where there are tokens; what an export takes for a constant shows at other lengths."""
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = {name: tensor.numpy() for name, tensor in zip(graph.input_names, texts, strict=True)}
    names, padding = graph.output_names, feed["attention_mask"] == 0
    for name, expected, found in zip(names, graph(*texts), session.run(names, feed), strict=True):
        wanted = expected.numpy()
        if name.endswith(".emissions"):
            wanted[padding] = found[padding] = 0
        if not np.allclose(found, wanted, rtol=0, atol=_WITHIN * max(1.0, float(np.abs(wanted).max()))):
            raise BackendError(f"the exported graph gives other answers than the model, at {texts[0].shape[1]} tokens")


@contextmanager
def _quiet() -> Iterator[None]:
    """Errors alone; what the exporter and its optimiser leave undone is no news."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), quiet_transformers():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
