"""What a reader gives: checked examples of one task, in the order of the files."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mtl.labels import POSITIVE_SCORE, TypedSpan, spans_of
from mtl.recipe.choices import WordSplitting
from mtl.text import Span, WordedText, split_words
from mtl.text.splitting import is_space, trimmed


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A classification example."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class MultiLabelText:
    """A multi-label classification example: distinct labels in stable order, or none."""

    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaggedText:
    """A tagging example: a text, the words somebody gave it, and a BIO2 tag for each word."""

    worded: WordedText
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text as a person would type it."""
        return self.worded.text

    def char_spans(self) -> tuple[TypedSpan, ...]:
        """The entities in offsets of the text."""
        words = self.worded.words
        return tuple(TypedSpan(words[s.start].start, words[s.end - 1].end, s.label) for s in spans_of(self.tags))

    def visible_spans(self) -> tuple[TypedSpan, ...]:
        """The entities as a model finds them in raw text: without invisible characters at their edges."""
        return tuple(TypedSpan(*trimmed(self.text, s.start, s.end), s.label) for s in self.char_spans())

    def units(self, splitting: WordSplitting = WordSplitting.CHARACTERS) -> "TaggedText":
        """The same text cut by `mtl.text.split_words`; a unit that an entity covers in part belongs to it.

        A unit that several entities share is cut where they begin.
        """
        units = _cut_at(split_words(self.text, splitting), self.shared_units(splitting))
        return TaggedText(WordedText(self.text, units), tags_from_chars(units, self.char_spans()))

    def shared_units(self, splitting: WordSplitting = WordSplitting.CHARACTERS) -> tuple[int, ...]:
        """Where entities begin inside of a unit that another one has begun, in offsets of the text."""
        text, pairs = self.text, pairwise(self.char_spans())
        close = [(a, b) for a, b in pairs if not any(map(is_space, text[a.end : b.start]))]
        if not close:
            return ()
        starts = [unit.start for unit in split_words(text, splitting)]
        return tuple(b.start for a, b in close if starts[bisect_right(starts, b.start) - 1] < a.end)


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A similarity example; `score` is scaled to 0 (unrelated) to 1 (same meaning)."""

    sentence1: str
    sentence2: str
    score: float

    @property
    def is_positive(self) -> bool:
        """Whether the sentences belong together, rather than not."""
        return self.score >= POSITIVE_SCORE


Example = LabelledText | MultiLabelText | TaggedText | ScoredPair


def texts_of(example: Example) -> tuple[str, ...]:
    """The text of an example, or both of a pair."""
    return (example.sentence1, example.sentence2) if isinstance(example, ScoredPair) else (example.text,)


def tagged(text: str, spans: Sequence[TypedSpan]) -> TaggedText:
    """A text with disjoint entities in its offsets, each with at least one visible character."""
    words = words_around(text, spans)
    return TaggedText(WordedText(text, words), tags_from_chars(words, spans))


def words_around(text: str, spans: Sequence[TypedSpan]) -> tuple[Span, ...]:
    """The words of `split_words`, so that spans keep their offsets.

    They are cut where a span begins or ends inside of one, and reach as far as a span with invisible characters at its
    edges.
    """
    words = list(_cut_at(split_words(text), sorted({edge for span in spans for edge in (span.start, span.end)})))
    starts, ends = [word.start for word in words], [word.end for word in words]
    for span in spans:
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end) - 1
        if first > last:  # nobody sees any character of it
            continue
        if not is_space(text[span.start]):
            words[first] = replace(words[first], start=span.start)
        if not is_space(text[span.end - 1]):
            words[last] = replace(words[last], end=span.end)
    return tuple(words)


def _cut_at(words: Sequence[Span], edges: Sequence[int]) -> tuple[Span, ...]:
    """Words cut at sorted offsets inside of them."""
    pieces: list[Span] = []
    for word in words:
        inside = edges[bisect_right(edges, word.start) : bisect_left(edges, word.end)]
        pieces += [Span(*pair) for pair in pairwise([word.start, *inside, word.end])]
    return tuple(pieces)


def tags_from_chars(words: Sequence[Span], spans: Sequence[TypedSpan]) -> tuple[str, ...]:
    """BIO2 tags of words from entities in text offsets; a word belongs to the first entity that it overlaps."""
    tags = ["O"] * len(words)
    position = 0
    for span in sorted(spans, key=lambda s: s.start):
        prefix = "B"
        while position < len(words) and words[position].end <= span.start:
            position += 1
        while position < len(words) and words[position].start < span.end:
            tags[position] = f"{prefix}-{span.label}"
            prefix = "I"
            position += 1
    return tuple(tags)
