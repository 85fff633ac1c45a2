"""What the engine asks of a backend."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.inference.precision import InferencePrecision
from mtl.text.batching import Batch

__all__ = ["Backend", "Batch", "Outputs"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one pass gives: `pooled` `(B, H)`, and by task class logits `(B, C)` and tag emissions `(B, W, L)`."""

    pooled: Floats
    classes: Mapping[str, Floats]
    emissions: Mapping[str, Floats]


class Backend(Protocol):
    """Runs batches through the backbone and every head; safe to share between threads."""

    @property
    def name(self) -> str:
        """What runs it: `torch` or `openvino`."""

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
