"""Suspect spans: where the spans that somebody gave a text differ from those of a held-out head."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mtl.data import TaggedText
from mtl.decoding import TagDecoder
from mtl.decoding.probabilities import Floats
from mtl.labels import TagSet, TypedSpan, spans_of
from mtl.suspects.confident import suspected_classes
from mtl.text.batching import Integers


@dataclass(frozen=True, slots=True)
class SuspectRegion:
    """Words of a text where given and predicted spans differ, in positions of words; the lowest score comes first.

    `score` is the mean probability of the given tags of the region's words. `spans` are all spans of the text, those
    of the region as predicted and the others as given.
    """

    row: int
    start: int
    end: int
    spans: tuple[TypedSpan, ...]
    score: float


def suspect_regions(
    examples: Sequence[TaggedText], tags: TagSet, given: Integers, probabilities: Floats, counts: Integers
) -> list[SuspectRegion]:
    """The regions in which at least one word is suspect by confident learning: span missing, too much, or otherwise.

    Args:
        examples: the texts.
        tags: the L tags.
        given: the tag `(W,)` of each word that was read.
        probabilities: `(W, L)`, out of sample.
        counts: `(N,)`, words that were read of each text.
    """
    ends = np.cumsum(counts)
    scores = np.log(np.maximum(probabilities, 1e-9))
    decoded = TagDecoder(tags)([scores[end - count : end] for end, count in zip(ends, counts, strict=True)])
    suspected = suspected_classes(probabilities, given)
    own = probabilities[np.arange(len(given)), given]
    found = []
    for row, (example, answer) in enumerate(zip(examples, decoded, strict=True)):
        begin = int(ends[row] - counts[row])
        kept = spans_of(example.tags)
        predicted = spans_of([tags.tags[tag] for tag in answer.tags.tolist()])
        for start, end in _regions(kept, predicted, int(counts[row])):
            words = slice(begin + start, begin + end)
            differ = answer.tags[start:end] != given[words]
            if not (differ & (suspected[words] >= 0)).any():
                continue
            spans = [s for s in kept if s.end <= start or s.start >= end]
            spans += [s for s in predicted if start < s.end and s.start < end]
            ordered = tuple(sorted(spans, key=lambda span: span.start))
            found.append(SuspectRegion(row, start, end, ordered, float(own[words].mean())))
    return sorted(found, key=lambda region: (region.score, region.row, region.start))


def _regions(given: Sequence[TypedSpan], predicted: Sequence[TypedSpan], length: int) -> Iterator[tuple[int, int]]:
    """Stretches covered by spans that only one side has, together with all spans that overlap them."""
    differ = set(given) ^ set(predicted)
    reach: list[list[int]] = []
    for span in sorted((*given, *predicted), key=lambda span: (span.start, span.end)):
        if reach and span.start < reach[-1][1]:
            reach[-1][1] = max(reach[-1][1], span.end)
        else:
            reach.append([span.start, span.end])
    for start, end in reach:
        if end <= length and any(start <= span.start and span.end <= end for span in differ):
            yield start, end
