"""What one pass says about a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class Entity(TypedDict):
    """One span, with the keys of a transformers token-classification pipeline.

    `start` and `end` are Python string offsets into the sentence as given, end exclusive, and
    `word == sentence[start:end]`; `score` is the mean probability of the span's tags, 0 to 1.
    """

    entity_group: str
    score: float
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """One sentence: its embedding `(H,)` float32, its classes and entities by task, and how much of it was read.

    `tokens` counts the sub-word tokens that the backbone saw, special ones included; `cut_at` is the
    offset of the first character that did not fit into the maximum length, or None.
    """

    text: str
    embedding: NDArray[np.float32]
    classes: Mapping[str, Mapping[str, float]]
    entities: Mapping[str, list[Entity]]
    tokens: int
    cut_at: int | None
