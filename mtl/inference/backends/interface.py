"""What the engine asks of a backend."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.text.batching import Batch

__all__ = ["DEFAULT_BATCH_TOKENS", "Backend", "BackendName", "Batch", "BatchRunner", "InferencePrecision", "Outputs"]

Floats = NDArray[np.float32]
DEFAULT_BATCH_TOKENS = 512
"""Of a batch, padding included: what a core keeps in its cache; more was slower, less no faster."""


class BackendName(StrEnum):
    """What runs a model."""

    OPENVINO = "openvino"
    TORCH = "torch"


class InferencePrecision(StrEnum):
    """Of the backbone's matrix products; heads stay in float32.

    int8 has weights and activations in 8-bit integers; mixed is bf16 with those of queries and keys in int8.
    """

    FP32 = "fp32"
    BF16 = "bf16"
    MIXED = "mixed"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one pass gives: `pooled` `(B, H)`, and by task class logits `(B, C)` and tag emissions `(B, W, L)`."""

    pooled: Floats
    classes: Mapping[str, Floats]
    emissions: Mapping[str, Floats]


class BatchRunner(Protocol):
    """Runs batches through the backbone and every head."""

    @property
    def parallel(self) -> int:
        """How many batches run at the same time."""

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order."""


class Backend(BatchRunner, Protocol):
    """What an engine runs with; safe to share between threads."""

    @property
    def name(self) -> BackendName:
        """What runs it."""

    @property
    def precision(self) -> InferencePrecision:
        """What it computes with."""

    @property
    def memory_bytes(self) -> int:
        """What its weights take."""
