"""What one pass says about a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from mtl.inference.decoding import Decoded
from mtl.labels import spans_of
from mtl.text import Span


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

    `tokens` counts the sub-word tokens that the backbone saw, special ones included; a text longer than the backbone's
    maximum is read in so many overlapping `windows`. `cut_at` is the offset of the first character that was not read,
    or None: an engine cuts only where it was told to.
    """

    text: str
    embedding: NDArray[np.float32]
    classes: Mapping[str, Mapping[str, float]]
    entities: Mapping[str, list[Entity]]
    tokens: int
    cut_at: int | None
    windows: int = 1


def entities_of(text: str, words: Sequence[Span], decoded: Decoded, tags: Sequence[str]) -> list[Entity]:
    """The entities of a text, disjoint and in order."""
    if not decoded.tags.any():  # all are O
        return []
    probabilities = decoded.probabilities.tolist()
    result = []
    for span in spans_of([tags[tag] for tag in decoded.tags.tolist()]):
        start, end = words[span.start].start, words[span.end - 1].end
        score = sum(probabilities[span.start : span.end]) / (span.end - span.start)
        result.append(Entity(entity_group=span.label, score=score, word=text[start:end], start=start, end=end))
    return result
