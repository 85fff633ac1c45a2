"""OpenVINO on the processor: one graph with every head, several batches at a time, each on its own core."""

import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl.errors import BackendError
from mtl.inference.backends.interface import Batch, Outputs
from mtl.inference.backends.residual_stream import keep_in_fp32
from mtl.inference.cores import usable_cores
from mtl.inference.precision import InferencePrecision

if TYPE_CHECKING:
    from torch import Tensor

    from mtl.inference.backends.graph import Graph
    from mtl.model import MultiTaskModel

GRAPH_FILE, MIXED_GRAPH_FILE, INT8_GRAPH_FILE = "graph.xml", "graph-mixed.xml", "graph-int8.xml"
INT8_GROUP = 32
"""Numbers that share a scale, of weights and of activations."""
_GRAPHS = {InferencePrecision.MIXED: MIXED_GRAPH_FILE, InferencePrecision.INT8: INT8_GRAPH_FILE}
_MOST_STREAMS = 8
_CHECKED_TOKENS, _CHECKED_WITHIN = 11, 1e-2
_UNPROMISED = {"SNIPPETS_MODE": "DISABLE", "CPU_RUNTIME_CACHE_CAPACITY": 25}
"""Keys that OpenVINO does not promise to keep.

Attention runs as products and a softmax: the fused kernel was slower on batches of sentences. And few kernels are kept
for shapes that were met before: the default of 5,000 was no faster and grew past a gigabyte once every length had come.
"""
_SETTINGS: Mapping[InferencePrecision, dict[str, Any]] = {
    InferencePrecision.FP32: {"INFERENCE_PRECISION_HINT": "f32"},
    InferencePrecision.BF16: {"INFERENCE_PRECISION_HINT": "bf16"},
    InferencePrecision.MIXED: {"INFERENCE_PRECISION_HINT": "bf16"},
    InferencePrecision.INT8: {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": INT8_GROUP},
}


def is_installed() -> bool:
    """Whether OpenVINO can be imported."""
    return find_spec("openvino") is not None


def library() -> Any:  # noqa: ANN401
    """OpenVINO, imported without the module that would report the import to its makers over the network."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module("openvino")


def has_bf16() -> bool:
    """Whether this processor has instructions for bf16, which elsewhere is far slower than fp32."""
    return "BF16" in library().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def export(model: "MultiTaskModel", folder: Path) -> None:
    """Write a model's graph and weights into a folder.

    Raises:
        BackendError: the model has an operation that cannot be traced or converted, or the graph differs from it.
    """
    import torch

    from mtl.inference.backends.graph import INPUTS, Graph

    graph = Graph(model).eval()
    config = model.encoder.model.config
    # DeBERTa cuts its table of positions to the length of a batch, which the trace takes for a constant.
    example = _example(config.max_position_embeddings if config.model_type == "deberta" else 3)
    try:
        with warnings.catch_warnings(), torch.inference_mode(), _quiet_transformers():
            warnings.simplefilter("ignore")
            converted = _convert(graph, example)
            _check(converted, graph)
    except _conversion_errors() as error:
        raise BackendError(f"OpenVINO cannot run this model: {(str(error).splitlines() or [''])[0][:200]}") from error
    for port, name in zip(converted.inputs, INPUTS, strict=True):
        port.get_tensor().set_names({name})
    library().save_model(converted, folder / GRAPH_FILE, compress_to_fp16=False)
    keep_in_fp32(folder / GRAPH_FILE)


def _example(length: int) -> "tuple[Tensor, ...]":
    """Two texts of so many tokens, the second with padding, as the graph takes them."""
    import torch

    ids = torch.arange(1, 2 * length + 1).view(2, length) % 5
    mask = torch.ones_like(ids)
    mask[1, -1] = 0
    return ids, mask, torch.zeros_like(ids), torch.tensor([[1, 2], [1, 0]])


def _check(converted: Any, graph: "Graph") -> None:  # noqa: ANN401
    """Compare with torch on texts longer than those that were traced: what a trace takes for a constant shows there.

    Raises:
        BackendError: they differ.
    """
    texts = _example(_CHECKED_TOKENS)
    run = library().Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = run([tensor.numpy() for tensor in texts])
    for i, expected in enumerate(graph(*texts)):
        if not np.allclose(found[i], expected.numpy(), rtol=0, atol=_CHECKED_WITHIN):
            raise BackendError("OpenVINO was left out: the exported graph gives other answers than the model")


def _conversion_errors() -> tuple[type[Exception], ...]:
    """What tracing and converting raise over an operation that they do not know."""
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


def _convert(graph: "Graph", example: "tuple[Tensor, ...]") -> Any:  # noqa: ANN401
    """What `openvino.convert_model` does, less its telemetry."""
    library()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(graph, example_input=example)  # must live until the conversion is over
    return frontend.convert(frontend.load(decoder))


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _compiled(graph: Path, settings: dict[str, Any]) -> Any:  # noqa: ANN401
    core = library().Core()
    try:
        return core.compile_model(graph, "CPU", settings | _UNPROMISED)
    except RuntimeError:
        try:
            return core.compile_model(graph, "CPU", settings)
        except RuntimeError as error:
            raise BackendError(f"{graph}: a graph that OpenVINO runs was expected") from error


class OpenVinoBackend:
    """A graph compiled for this processor.

    Args:
        folder: where `export` put it.
        precision: of the backbone.
        classifiers: names of the classification tasks, in the order of the graph's outputs.
        taggers: names of the tagging tasks that follow them.
    """

    name = "openvino"

    def __init__(
        self, folder: Path, precision: InferencePrecision, *, classifiers: Sequence[str], taggers: Sequence[str]
    ) -> None:
        self.precision = precision
        cores = usable_cores()
        self.parallel = min(cores, _MOST_STREAMS)
        graph = folder / _GRAPHS.get(precision, GRAPH_FILE)
        stored = graph.with_suffix(".bin").stat().st_size
        in_bf16 = precision in (InferencePrecision.BF16, InferencePrecision.MIXED)
        repacked = stored // 2 if in_bf16 else stored
        self.memory_bytes = stored + repacked
        self._classifiers, self._taggers = tuple(classifiers), tuple(taggers)
        settings = {
            "NUM_STREAMS": self.parallel,
            "INFERENCE_NUM_THREADS": cores,
            "PERFORMANCE_HINT": "THROUGHPUT",
        }
        self._compiled = _compiled(graph, settings | _SETTINGS[precision])
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self.parallel + 1):
            self._free.put(self._compiled.create_infer_request())

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order."""
        running: deque[tuple[Batch, Any]] = deque()
        try:
            for batch in batches:
                request = self._next_free() if running else self._free.get()
                while request is None:  # waiting for others while holding requests of our own could be for ever
                    yield self._finish(*running.popleft())
                    request = self._next_free() if running else self._free.get()
                running.append((batch, request))
                request.start_async([batch.ids, batch.mask, batch.type_ids, batch.first_tokens], share_inputs=True)
            while running:
                yield self._finish(*running.popleft())
        finally:
            for _, request in running:  # the caller stopped early, or a batch failed
                request.wait()
                self._free.put(request)

    def _next_free(self) -> Any:  # noqa: ANN401
        try:
            return self._free.get_nowait()
        except Empty:
            return None

    def _finish(self, batch: Batch, request: Any) -> tuple[Batch, Outputs]:  # noqa: ANN401
        try:
            request.wait()
            values = iter([np.array(request.get_output_tensor(i).data) for i in range(len(self._compiled.outputs))])
        finally:
            self._free.put(request)
        pooled = next(values)
        classes = {name: next(values) for name in self._classifiers}
        return batch, Outputs(pooled, classes, {name: next(values) for name in self._taggers})
