"""What a recipe would do, as values: parts, steps, time, memory, warnings and advice."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the network from bottom to top: `parameters` numbers of four bytes each in training."""

    name: str
    parameters: int
    trains: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """A freezing preset that fits the data, why, and which backbone."""

    preset: str
    reasons: tuple[str, ...]
    backbone: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen; nothing has been started.

    `seconds` is the expected time of the whole run from a few measured batches, `memory_bytes` the peak resident memory
    seen while they ran and what the optimizer will hold, `cache_bytes` what the cached activations take on disk, and
    `checkpoint_bytes` the size of what training changes. `draws` is the number of batches of each task.
    With `is_upper_bound`, `steps` and `draws` are the most that L-BFGS may take; it ends earlier at the optimum.
    """

    parts: tuple[Part, ...]
    steps: int
    draws: Mapping[str, int]
    seconds: float
    memory_bytes: int
    cache_bytes: int
    checkpoint_bytes: int
    warnings: tuple[str, ...]
    advice: Advice
    is_upper_bound: bool = False

    @property
    def trained_parameters(self) -> int:
        """How many numbers train."""
        return sum(part.parameters for part in self.parts if part.trains)
