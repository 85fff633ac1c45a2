"""What heads read of a frozen backbone, by the fastest backend that gives it as torch in fp32 does."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.encoder import token_batch
from mtl.errors import BackendError
from mtl.inference.autotune import machine
from mtl.inference.autotune.choice import MIN_COSINE, Choice
from mtl.inference.autotune.gate import min_cosine
from mtl.inference.autotune.probe_texts import probe_batches
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import Batch, InferencePrecision, Outputs, openvino
from mtl.inference.backends.exporting import export
from mtl.inference.backends.graph import WORD_STATES, Graph
from mtl.inference.backends.openvino import GRAPH_FILE, OpenVinoBackend, UnwrittenGraphError

FEW_TOKENS = 50_000
"""Of all texts; below this, torch is done before another backend is ready."""
_FP32 = InferencePrecision.FP32


@dataclass(frozen=True)
class FrozenFeatures:
    """A graph of the encoder alone, as `mtl.cache.filling.FeatureBackend` wants it."""

    backend: OpenVinoBackend

    @property
    def precision(self) -> InferencePrecision:
        """Of the graph."""
        return self.backend.precision

    @property
    def name(self) -> str:
        """Of backend and precision."""
        return f"{self.backend.name} {self.precision}"

    def features(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, NDArray[np.float32]]]:
        """Each batch with the pooled vector of each window, at the end of its row, and the states of its words.

        Together `(B, 1 + W, K * H)`, where K is 1, or the number of all states where the encoder gives those of every
        layer.
        """
        for batch, outputs in self.backend.run(batches):
            words, pooled = outputs.emissions[WORD_STATES], outputs.pooled
            values = np.zeros((len(words), 1 + words.shape[1], words.shape[2]), dtype=np.float32)
            values[:, 0, words.shape[2] - pooled.shape[1] :] = pooled
            values[:, 1:] = words
            yield batch, values


def open_features(loaded: LoadedModel, *, exact: bool = False) -> FrozenFeatures | None:
    """What computes the features of a frozen encoder.

    A precision is faithful where the
    cosines of the pooled vectors and of the words' states with those of fp32 reach the limit of the gate; the order of
    precisions is fixed, so the same model has the same features in every run on a machine. The exported graph and the
    choice are kept by the content of the encoder; the first call takes seconds.

    Args:
        loaded: on the processor, its encoder frozen; is put into eval mode.
        exact: whether only fp32 will do.

    Returns:
        None where torch has to run it: without OpenVINO, on an accelerator, or where no graph is faithful.
    """
    if not openvino.is_installed() or loaded.model.device.type != "cpu":
        return None
    folder = PreparedFolder(_content(loaded))
    key = machine.machine_key(f"features|{exact}")
    choice = folder.choice(key)
    if choice is not None:
        try:
            features = _opened(folder, choice.precision)
        except (BackendError, OSError):  # a damaged folder is made anew
            shutil.rmtree(folder.path, ignore_errors=True)
        else:
            folder.mark_used()
            return features
    try:
        return _chosen(folder, loaded, exact=exact, key=key)
    except (BackendError, OSError):
        return None


def _chosen(folder: PreparedFolder, loaded: LoadedModel, *, exact: bool, key: str) -> FrozenFeatures | None:
    graph = Graph(loaded.model, (), word_states=True)
    if not openvino.is_readable(folder.path / GRAPH_FILE):
        folder.add(lambda to: export(graph, to))
    graph.eval()
    batches = list(probe_batches(loaded.tokenizer))
    with torch.inference_mode():
        expected = [graph.outputs(graph.run(token_batch(batch))) for batch in batches]
    unwritten = False
    for precision in (_FP32,) if exact else _fastest_first():
        try:
            folder.quantize(precision, batches)
        except BackendError as error:  # the model has nothing to quantise, or the disk no room
            unwritten |= isinstance(error, UnwrittenGraphError)
            continue
        backend = _opened(folder, precision)
        if _least_cosine(backend.backend, batches, expected) >= MIN_COSINE:
            reason = "the first in the order of speed that is faithful"
            if not unwritten:
                folder.remember(key, Choice(backend=backend.backend.name, precision=precision, reason=reason))
            return backend
    return None


def _fastest_first() -> Sequence[InferencePrecision]:
    bf16, mixed, int8 = InferencePrecision.BF16, InferencePrecision.MIXED, InferencePrecision.INT8
    return (mixed, bf16, _FP32) if openvino.has_bf16() else (int8, _FP32)


def _opened(folder: PreparedFolder, precision: InferencePrecision) -> FrozenFeatures:
    return FrozenFeatures(OpenVinoBackend(folder.path, precision, classifiers=(), taggers=(WORD_STATES,)))


def _least_cosine(backend: OpenVinoBackend, batches: Sequence[Batch], expected: Sequence[Outputs]) -> float:
    """Of all pooled vectors and states of words."""
    cosines = []
    for (batch, found), wanted in zip(backend.run(batches), expected, strict=True):
        cosines.append(min_cosine(found.pooled, wanted.pooled))
        words = np.arange(batch.first_tokens.shape[1]) < batch.word_counts[:, None]
        if words.any():
            cosines.append(min_cosine(found.emissions[WORD_STATES][words], wanted.emissions[WORD_STATES][words]))
    return min(cosines)


def _content(loaded: LoadedModel) -> str:
    """A hash of everything that the features depend on, hexadecimal."""
    encoder = loaded.model.encoder
    facts = ("features", encoder.model.config.to_json_string(), str(encoder.pooling), encoder.gives_layers)
    digest = hashlib.sha256(repr(facts).encode())
    for name, tensor in encoder.state_dict().items():
        digest.update(name.encode() + tensor.detach().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
