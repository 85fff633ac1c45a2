"""A graph run as the engine runs its backends, to measure what it answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.exports.onnx.graph import INPUTS, OnnxGraph
from mtl.inference.backends import Batch, Outputs
from mtl.inference.spec import EngineSpec
from mtl.recipe.choices import TaskKind

_LEAST = 1e-30  # of a probability that becomes a logit


Feed = dict[str, NDArray[np.int64]]
"""The inputs of a graph `(B, T)` by name."""


class OnnxSession:
    """A graph that something else runs.

    Args:
        graph: the module that it was made of.
        run: gives the outputs in their order.
    """

    parallel = 1

    def __init__(self, graph: OnnxGraph, run: Callable[[Feed], Sequence[Floats]]) -> None:
        self._run = run
        self._inputs = graph.input_names
        self._tasks = graph.tasks

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order."""
        for batch in batches:
            given = {"ids": batch.ids, "attention_mask": batch.mask, "type_ids": batch.type_ids}
            embeddings, *rest = self._run({name: given[INPUTS[name]] for name in self._inputs})
            classes, emissions = {}, {}
            rows = np.arange(len(batch.ids))[:, None]
            for (name, task), values in zip(self._tasks.items(), rest, strict=True):
                if task.kind is TaskKind.TAGGING:
                    emissions[name] = values[rows, batch.first_tokens]
                else:
                    classes[name] = _logits(values, multi_label=task.multi_label)
            yield batch, Outputs(embeddings, classes, emissions)


def open_session(path: Path, graph: OnnxGraph) -> OnnxSession:
    """The graph of a file on the processor, by onnxruntime."""
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return OnnxSession(graph, lambda feed: session.run(None, feed))


def spec_of_outputs(spec: EngineSpec) -> EngineSpec:
    """What a runner makes of a graph's outputs: dense layers and the temperatures of classes are in them already."""
    plain = spec.uncalibrated(spec.names(TaskKind.CLASSIFICATION))
    return plain.model_copy(update={"dense": (), "dimension": spec.embedding_dimension})


def _logits(probabilities: Floats, *, multi_label: bool) -> Floats:
    """Logits that have these probabilities."""
    certain = probabilities.clip(_LEAST, 1)
    result: Floats = np.log(certain) - (np.log((1 - probabilities).clip(_LEAST, 1)) if multi_label else 0)
    return result
