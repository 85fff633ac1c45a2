"""From a module of PyTorch to a graph of OpenVINO on disk."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mtl.encoder.encoder import quiet_transformers
from mtl.errors import BackendError
from mtl.inference.backends.graph import INPUTS, Graph
from mtl.inference.backends.openvino import GRAPH_FILE, Model, core, library, save_graph
from mtl.inference.backends.residual_stream import keep_in_fp32
from mtl.inference.backends.tracing import checked_length, finite_masks

_CHECKED_WITHIN = 1e-2


def export(graph: Graph, folder: Path) -> None:
    """Write a model, which is put into eval mode, into a folder: `GRAPH_FILE` and its weights beside it.

    Raises:
        BackendError: the model has an operation that cannot be traced or converted, the graph differs from it, or
            cannot be written.
    """
    graph.eval()
    config = graph.model.encoder.model.config
    # DeBERTa cuts its table of positions to the length of a batch, which the trace takes for a constant.
    example = _example(config.max_position_embeddings if config.model_type == "deberta" else 3)
    try:
        with warnings.catch_warnings(), torch.inference_mode(), quiet_transformers(), finite_masks(graph.model):
            warnings.simplefilter("ignore")
            converted = _convert(graph, example)
            _check(converted, graph)
    except _conversion_errors() as error:
        raise BackendError(f"OpenVINO cannot run this model: {(str(error).splitlines() or [''])[0][:200]}") from error
    for port, name in zip(converted.inputs, INPUTS, strict=True):
        port.get_tensor().set_names({name})
    save_graph(converted, folder / GRAPH_FILE)
    keep_in_fp32(folder / GRAPH_FILE)


def _example(length: int) -> tuple[Tensor, ...]:
    """Two texts of so many tokens, all but two of the second padding, as the graph takes them."""
    ids = torch.arange(1, 2 * length + 1).view(2, length) % 5
    mask = torch.ones_like(ids)
    mask[1, 2:] = 0
    return ids, mask, torch.zeros_like(ids), torch.tensor([[1, 2], [1, 0]])


def _check(converted: Model, graph: Graph) -> None:
    """Compare with torch on texts longer than those that were traced, and than a window of sliding attention.

    What a trace takes for a constant shows there.

    Raises:
        BackendError: they differ.
    """
    texts = _example(checked_length(graph.model))
    run = core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = run([tensor.numpy() for tensor in texts])
    for i, expected in enumerate(graph(*texts)):
        if not np.allclose(found[i], expected.numpy(), rtol=0, atol=_CHECKED_WITHIN):
            raise BackendError("OpenVINO was left out: the exported graph gives other answers than the model")


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
