"""OpenVINO on the processor: one graph with every head, several batches at a time, each on its own core."""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from mtl.errors import BackendError
from mtl.inference.backends.cores import usable_cores
from mtl.inference.backends.interface import BackendName, Batch, InferencePrecision, Outputs

Model = Any
"""An OpenVINO graph."""
Node = Any
"""A node of one, or an output of a node."""
GRAPH_FILE, MIXED_GRAPH_FILE, INT8_GRAPH_FILE = "graph.xml", "graph-mixed.xml", "graph-int8.xml"
GRAPH_FILES = {InferencePrecision.MIXED: MIXED_GRAPH_FILE, InferencePrecision.INT8: INT8_GRAPH_FILE}
"""Of the precisions that need a graph of their own; the others run `GRAPH_FILE`."""
INT8_GROUP = 32
"""Numbers that share a scale, of weights and of activations."""
_MOST_STREAMS = 8
_CORE_LOCK = Lock()
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


def core() -> Any:  # noqa: ANN401
    """OpenVINO's core, one for the whole life of the process.

    Each core gives its thread a stack for signals, and puts back the one that it found when it goes. Of two cores, the
    first to come must not be the first to go: the second puts back a stack that is gone, and the next signal, such as
    Ctrl-C, ends the process.
    """
    with _CORE_LOCK:
        return _only_core()


@cache
def _only_core() -> Any:  # noqa: ANN401
    return library().Core()


def has_bf16() -> bool:
    """Whether this processor has instructions for bf16, which elsewhere is far slower than fp32."""
    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class UnwrittenGraphError(BackendError):
    """A graph cannot be written, such as on a full disk, which may be otherwise later."""


def save_graph(model: Any, target: Path) -> None:  # noqa: ANN401
    """Write a graph, and its weights beside it.

    Raises:
        UnwrittenGraphError: it cannot be written; OpenVINO does not say why.
    """
    try:
        library().save_model(model, target, compress_to_fp16=False)
    except RuntimeError as error:
        raise UnwrittenGraphError(
            "OpenVINO was left out: it cannot write its graph, perhaps the disk is full"
        ) from error


def is_readable(graph: Path) -> bool:
    """Whether a graph is there, with weights that are as long as it says."""
    try:
        core().read_model(graph)
    except RuntimeError:
        return False
    return True


def _compiled(graph: Path, settings: dict[str, Any]) -> Any:  # noqa: ANN401
    try:
        return core().compile_model(graph, "CPU", settings | _UNPROMISED)
    except RuntimeError:
        try:
            return core().compile_model(graph, "CPU", settings)
        except RuntimeError as error:
            raise BackendError(f"{graph}: a graph that OpenVINO runs was expected") from error


class OpenVinoBackend:
    """A graph compiled for this processor.

    Args:
        folder: where the graphs are, as `mtl.inference.backends.exporting` and `.quantising` wrote them.
        precision: of the backbone.
        classifiers: names of the classification tasks, in the order of the graph's outputs.
        taggers: names of the tagging tasks that follow them.

    Raises:
        BackendError: OpenVINO does not run the graph.
    """

    name = BackendName.OPENVINO

    def __init__(
        self, folder: Path, precision: InferencePrecision, *, classifiers: Sequence[str], taggers: Sequence[str]
    ) -> None:
        self.precision = precision
        cores = usable_cores()
        self.parallel = min(cores, _MOST_STREAMS)
        graph = folder / GRAPH_FILES.get(precision, GRAPH_FILE)
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
        """Each batch with its outputs, in order.

        A call that finds every request taken by others makes one of its own, so that a batch waits for batches that
        run but never for all of a long call.
        """
        running: deque[tuple[Batch, Any]] = deque()
        try:
            for batch in batches:
                while (request := self._next_free()) is None and running:
                    yield self._finish(*running.popleft())
                request = request or self._compiled.create_infer_request()
                running.append((batch, request))
                request.start_async([batch.ids, batch.mask, batch.type_ids, batch.first_tokens], share_inputs=True)
            while running:
                yield self._finish(*running.popleft())
        finally:
            for _, request in running:  # the caller stopped early, or a batch failed
                request.wait()
                self._release(request)

    def _next_free(self) -> Any:  # noqa: ANN401
        try:
            return self._free.get_nowait()
        except Empty:
            return None

    def _release(self, request: Any) -> None:  # noqa: ANN401
        if self._free.qsize() <= self.parallel:
            self._free.put(request)

    def _finish(self, batch: Batch, request: Any) -> tuple[Batch, Outputs]:  # noqa: ANN401
        try:
            request.wait()
            values = iter([np.array(request.get_output_tensor(i).data) for i in range(len(self._compiled.outputs))])
        finally:
            self._release(request)
        pooled = next(values)
        classes = {name: next(values) for name in self._classifiers}
        return batch, Outputs(pooled, classes, {name: next(values) for name in self._taggers})
