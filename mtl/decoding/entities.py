"""Entities of a text from the tags of its words."""

from collections.abc import Sequence
from typing import TypedDict

from mtl.decoding.tagging import Decoded
from mtl.labels import spans_of
from mtl.text import WordOffsets


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


def entities_of(text: str, words: WordOffsets, decoded: Decoded, tags: Sequence[str]) -> list[Entity]:
    """The entities of a text, disjoint and in order."""
    if not decoded.tags.any():  # all are O
        return []
    probabilities = decoded.probabilities.tolist()
    result = []
    for span in spans_of([tags[tag] for tag in decoded.tags.tolist()]):
        start, end = _trimmed(text, int(words[span.start, 0]), int(words[span.end - 1, 1]))
        if start == end:
            continue
        score = sum(probabilities[span.start : span.end]) / (span.end - span.start)
        result.append(Entity(entity_group=span.label, score=score, word=text[start:end], start=start, end=end))
    return result


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blanks at the edges, which words have only where they were told from tokens."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
