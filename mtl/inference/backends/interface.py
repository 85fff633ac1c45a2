"""What the engine asks of a backend."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
DEFAULT_BATCH_TOKENS = 1024
"""Of a batch, padding included."""


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
class Batch:
    """Padded windows: `ids`, `mask`, `type_ids` are `(B, T)`; `first_tokens` `(B, W)` has the words' first tokens.

    `rows` says which windows these are; where a row has fewer than W words, its `first_tokens` end with 0.
    """

    rows: list[int]
    ids: Integers
    mask: Integers
    type_ids: Integers
    first_tokens: Integers


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one pass gives: `pooled` `(B, H)`, and by task class logits `(B, C)` and tag emissions `(B, W, L)`."""

    pooled: Floats
    classes: Mapping[str, Floats]
    emissions: Mapping[str, Floats]


class Backend(Protocol):
    """Runs batches through the backbone and every head; safe to share between threads."""

    @property
    def name(self) -> BackendName:
        """What runs it."""

    @property
    def precision(self) -> InferencePrecision:
        """What it computes with."""

    @property
    def parallel(self) -> int:
        """How many batches run at the same time."""

    @property
    def memory_bytes(self) -> int:
        """What its weights take."""

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order."""
