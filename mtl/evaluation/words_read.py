"""The words of labelled texts as a model reads them: as given, but a user handle is one word in training and use."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtl.data import Example, TaggedText
from mtl.labels import OUTSIDE, TypedSpan
from mtl.text import WordOffsets, handles, word_offsets

Places = NDArray[np.int64]


def read_words(example: TaggedText) -> WordOffsets:
    """The words to read `(R, 2)`, in characters: where several given ones lie in one handle (`@`, `anna`), one."""
    words, places = word_offsets(example.worded.words), places_of(example)
    if not len(places) or places[-1] + 1 == len(words):
        return words
    firsts = _firsts(places)
    lasts = np.append(firsts[1:], len(words)) - 1
    return np.stack([words[firsts, 0], words[lasts, 1]], axis=1)


def places_of(example: TaggedText) -> Places:
    """Which of the words that are read each given word `(W,)` is, or lies in."""
    words = word_offsets(example.worded.words)
    joined = np.zeros(len(words), dtype=bool)  # with the word before
    for handle in handles(example.text):
        inside = (words[:, 0] >= handle.start) & (words[:, 1] <= handle.end)
        joined[1:] |= inside[1:] & inside[:-1]
    return np.cumsum(~joined) - 1


def tags_read(examples: Sequence[Example]) -> list[tuple[str, ...]]:
    """The gold tags of the words that are read, of tagged texts: a handle belongs to the first entity in it.

    An entity may begin behind the `@`; in training too the whole handle belongs to it.
    """
    return [
        tuple(_tag_of(example.tags[begin:end]) for begin, end in _groups(places_of(example)))
        for example in examples
        if isinstance(example, TaggedText)
    ]


def gold_tags(example: TaggedText) -> tuple[str, ...]:
    """The gold tags of the given words, where an entity in a handle is all of it."""
    places = places_of(example)
    if not len(places) or places[-1] + 1 == len(places):
        return example.tags
    tags = [*example.tags]
    for (begin, end), tag in zip(_groups(places), *tags_read([example]), strict=True):
        if end > begin + 1:
            tags[begin:end] = [tag, *(_inside(tag),) * (end - begin - 1)]
    return tuple(tags)


def gold_spans(example: TaggedText) -> tuple[TypedSpan, ...]:
    """The gold entities in characters, as seen: one that begins or ends in a handle has all of it."""
    found, spans = handles(example.text), []
    for span in example.visible_spans():
        own = [handle for handle in found if handle.start < span.end and span.start < handle.end]
        begin = min([span.start, *(handle.start for handle in own)])
        end = max([span.end, *(handle.end for handle in own)])
        spans.append(TypedSpan(begin, end, span.label))
    return tuple(spans)


def tags_given(example: TaggedText, tags: Sequence[str]) -> tuple[str, ...]:
    """The tags of the given words, from those of the words that were read; an entity goes on inside of a handle.

    Words behind those, which were cut, are `O`.
    """
    places = places_of(example)
    whole = [*tags, *(OUTSIDE,) * (len(places) - len(tags))]
    goes_on = np.diff(places, prepend=-1) == 0
    return tuple(_inside(whole[place]) if more else whole[place] for place, more in zip(places, goes_on, strict=True))


def _groups(places: Places) -> list[tuple[int, int]]:
    """Where the given words of each that is read begin and end."""
    firsts = _firsts(places).tolist()
    return list(zip(firsts, [*firsts[1:], len(places)], strict=True))


def _tag_of(tags: Sequence[str]) -> str:
    """That of a word which is read, from those of the given words in it."""
    first = next((tag for tag in tags if tag != OUTSIDE), OUTSIDE)
    return first if first == tags[0] or first == OUTSIDE else f"B-{first[2:]}"


def _firsts(places: Places) -> Places:
    """The first given word of each that is read."""
    return np.flatnonzero(np.diff(places, prepend=-1))


def _inside(tag: str) -> str:
    return f"I-{tag[2:]}" if tag.startswith("B-") else tag
