"""What one pass says about a sentence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtl.decoding import Entity
from mtl.outside import OutsideScore

__all__ = ["Analysis", "Entity", "OutsideScore"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """One sentence: its embedding `(H,)` float32, its classes and entities by task, and how much of it was read.

    `classes` has the probability of every label, `labels` those that are chosen: the most probable one, or for a
    multi-label task all that reach their thresholds, in the order of the task's labels.

    `tokens` counts the sub-word tokens that the backbone saw, special ones included; a text longer than the backbone's
    maximum is read in so many overlapping `windows`. `cut_at` is the offset of the first character that was not read,
    or None: an engine cuts only where it was told to.

    `outside_scores` says by task how unlike the text is to the training texts; tasks of which nothing is known are not
    in it.
    """

    text: str
    embedding: NDArray[np.float32]
    classes: Mapping[str, Mapping[str, float]]
    entities: Mapping[str, list[Entity]]
    tokens: int
    cut_at: int | None
    windows: int = 1
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outside_scores: Mapping[str, OutsideScore] = field(default_factory=dict)

    @property
    def outside(self) -> dict[str, bool]:
        """By task whether the text is unlike the training texts; it lacks tasks of which nothing is known."""
        return {task: one.is_outside for task, one in self.outside_scores.items()}

    @property
    def outside_values(self) -> dict[str, dict[str, float | bool]]:
        """`outside_scores` as plain values, by the names of their fields."""
        return {task: asdict(one) for task, one in self.outside_scores.items()}
