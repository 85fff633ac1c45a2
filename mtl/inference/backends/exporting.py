"""From a module of PyTorch to a graph of OpenVINO on disk."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from transformers.utils import logging as transformers_logging

from mtl.errors import BackendError
from mtl.inference.backends.graph import INPUTS, Graph
from mtl.inference.backends.openvino import GRAPH_FILE, Model, library
from mtl.inference.backends.residual_stream import keep_in_fp32
from mtl.model import MultiTaskModel


def export(model: MultiTaskModel, folder: Path) -> None:
    """Write a model's graph and weights into a folder.

    Raises:
        BackendError: the model has an operation that cannot be traced or converted.
    """
    graph = Graph(model).eval()
    example = (
        torch.tensor([[1, 2, 3], [2, 3, 0]]),
        torch.tensor([[1, 1, 1], [1, 1, 0]]),
        torch.zeros((2, 3), dtype=torch.long),
        torch.tensor([[1, 2], [1, 0]]),
    )
    try:
        with warnings.catch_warnings(), torch.inference_mode(), _quiet_transformers():
            warnings.simplefilter("ignore")
            converted = _convert(graph, example)
    except _conversion_errors() as error:
        raise BackendError(f"OpenVINO cannot run this model: {(str(error).splitlines() or [''])[0][:200]}") from error
    for port, name in zip(converted.inputs, INPUTS, strict=True):
        port.get_tensor().set_names({name})
    library().save_model(converted, folder / GRAPH_FILE, compress_to_fp16=False)
    keep_in_fp32(folder / GRAPH_FILE)


def _conversion_errors() -> tuple[type[Exception], ...]:
    """What tracing and converting raise over an operation that they do not know."""
    library()
    from openvino import frontend
    from torch.jit._trace import TracingCheckError

    failures = (
        frontend.GeneralFailure,
        frontend.InitializationFailure,
        frontend.NotImplementedFailure,
        frontend.OpConversionFailure,
        frontend.OpValidationFailure,
    )
    return (*failures, TracingCheckError, RuntimeError, TypeError, ValueError, LookupError, AttributeError)


def _convert(graph: Graph, example: tuple[Tensor, ...]) -> Model:
    """What `openvino.convert_model` does, less its telemetry."""
    library()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(graph, example_input=example)  # must live until the conversion is over
    return frontend.convert(frontend.load(decoder))


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
