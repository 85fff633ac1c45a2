"""Rows of tagging files as tagged texts: `tokens,tags`, `text,spans` or `text,words,tags`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from mtl.data.examples import TaggedText, tagged
from mtl.data.formats import Source
from mtl.data.offsets import OffsetUnit, RawSpan, UnitVotes, to_characters
from mtl.data.place import ReadLog, Row, unpacked
from mtl.data.rereading import RereadRows
from mtl.data.rows import read_rows
from mtl.data.schemes import TagScheme
from mtl.errors import DataError
from mtl.labels import OUTSIDE, TypedSpan
from mtl.text import Span, WordedText, clean, detokenize, placed, split_words

_LISTS = ("tokens", "tags", "words", "spans")


def read_tagging(source: Source, rename: Mapping[str, str], log: ReadLog | None = None) -> Iterator[TaggedText]:
    """The sentences of one file, in BIO2.

    Args:
        source: the file.
        rename: entity types to read as another one, or as `O` for none.
        log: takes notes, and the errors of rows.

    Raises:
        DataError: with file and line, for anything that is not as its format says.
    """
    rows = RereadRows(partial(read_rows, source), log)
    log = log or ReadLog()
    tags, votes = set[str](), UnitVotes()
    for row in rows:
        if _strings_or_none(row.values.get("tags")):
            tags.update(row.values["tags"])
        for span in _raw_spans(row):
            votes.add(span)
    unit = votes.unit
    if unit is not OffsetUnit.CHARACTERS:
        log.note(f"{source.path.name}: offsets of spans count {unit}; they are read as such")
    scheme = TagScheme([sorted(tags)], rename, log, source.path.name)
    reader = _Reader(scheme, rename, unit, log, source.path.name)
    for row in rows:
        try:
            example = reader.example(row)
        except DataError as error:
            log.bad(error)
            continue
        yield example


@dataclass(frozen=True)
class _Reader:
    """What is known of a file when its rows become examples."""

    scheme: TagScheme
    rename: Mapping[str, str]
    unit: OffsetUnit
    log: ReadLog
    name: str

    def example(self, row: Row) -> TaggedText:
        """One row."""
        values = {n: unpacked(v) if n in _LISTS else v for n, v in row.values.items() if v is not None}
        row = replace(row, values=values)
        if {"text", "words", "tags"} <= set(values):
            return self._from_words(row)
        if "tokens" in values and "tags" in values:
            words = _strings(row, "tokens")
            if not words:
                raise row.where.error("at least one token was expected, was none")
            return self._visible(TaggedText(self._joined(row, words), self._tags(row, len(words))))
        if "text" in values and "spans" in values:
            return self._from_spans(row)
        raise row.where.error(f"tokens and tags, or text and spans were expected, was {', '.join(row.values)[:80]}")

    def _visible(self, example: TaggedText) -> TaggedText:
        """Without entities of which nobody sees a character."""
        unseen = [s for s in example.char_spans() if not split_words(example.text[s.start : s.end])]
        if not unseen:
            return example
        self.log.note(f"{self.name}: entities of invisible characters alone are read as outside")
        inside = [any(s.start <= word.start < s.end for s in unseen) for word in example.worded.words]
        tags = tuple(OUTSIDE if hidden else tag for tag, hidden in zip(example.tags, inside, strict=True))
        return TaggedText(example.worded, tags)

    def _joined(self, row: Row, words: list[str]) -> WordedText:
        """The words in their original text where the row has it, else joined."""
        text = row.values.get("text")
        if not isinstance(text, str):
            return detokenize(words)
        found = placed(words, clean(text))
        if found is None:
            self.log.note(f"{self.name}: the tokens of some rows are not those of their text; they are joined instead")
        return found or detokenize(words)

    def _from_words(self, row: Row) -> TaggedText:
        text, words = clean(row.text("text")), row.values["words"]
        if not isinstance(words, list) or not all(_is_stretch(word, text) for word in words):
            raise row.where.error(f"words is a list of [start, end] with 0 <= start < end <= {len(text)}")
        spans = tuple(Span(start, end) for start, end in words)
        if any(first.end > second.start for first, second in pairwise(spans)):
            raise row.where.error("words in order and disjoint were expected")
        return self._visible(TaggedText(WordedText(text, spans), self._tags(row, len(spans))))

    def _tags(self, row: Row, count: int) -> tuple[str, ...]:
        tags = _strings(row, "tags")
        if len(tags) != count:
            raise row.where.error(f"as many tags as tokens were expected, were {count} and {len(tags)}")
        try:
            return self.scheme.bio2(tags)
        except DataError as error:
            raise row.where.error(error.message, "tags") from error

    def _from_spans(self, row: Row) -> TaggedText:
        text = clean(row.text("text"))
        if not isinstance(row.values["spans"], list):
            raise row.where.error("spans is a list of objects with start, end and label")
        given = {self._span(row, value, text) for value in row.values["spans"]}  # one that is there twice counts once
        spans = sorted(given, key=lambda span: (span.start, span.end, span.label))
        for first, second in pairwise(spans):
            if first.end > second.start:
                raise row.where.error(
                    f"disjoint spans were expected, {first.start}-{first.end} and {second.start}-{second.end} overlap"
                )
        rename = self.rename
        kept = [replace(s, label=rename.get(s.label, s.label)) for s in spans if rename.get(s.label) != OUTSIDE]
        return tagged(text, kept)

    def _span(self, row: Row, value: object, text: str) -> TypedSpan:
        if not isinstance(value, dict) or not {"start", "end", "label"} <= set(value):
            raise row.where.error(f"a span is an object with start, end and label, was {value!r:.60}")
        start, end, label = value["start"], value["end"], value["label"]
        if self.unit is not OffsetUnit.CHARACTERS and isinstance(start, int) and isinstance(end, int):
            start, end = to_characters(text, start, self.unit), to_characters(text, end, self.unit)
        if not _is_stretch([start, end], text):
            raise row.where.error(
                f"a span has 0 <= start < end <= {len(text)} (the text's length), "
                f"was {value['start']!r} to {value['end']!r}"
            )
        if not isinstance(label, str) or not label.strip():
            raise row.where.error(f"a span's label is a string that is not empty, was {label!r}")
        if not split_words(text[start:end]):
            raise row.where.error(f"the span {start}-{end} covers only white space or invisible characters")
        return TypedSpan(start, end, clean(label))


def _raw_spans(row: Row) -> Iterator[RawSpan]:
    text, spans = row.values.get("text"), unpacked(row.values.get("spans"))
    if isinstance(text, str) and isinstance(spans, list):
        for span in spans:
            if isinstance(span, dict) and _whole(span.get("start")) and _whole(span.get("end")):
                surface, unit = span.get("text"), span.get("unit")
                named = surface if isinstance(surface, str) else None
                known = OffsetUnit(unit) if unit in list(OffsetUnit) else OffsetUnit.CHARACTERS
                yield RawSpan(text, span["start"], span["end"], named, known)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _strings_or_none(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _strings(row: Row, name: str) -> list[str]:
    values = row.values[name]
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise row.where.error(f"{name} is a list of strings that are not empty", name)
    return [clean(value) for value in values]


def _is_stretch(value: object, text: str) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_whole(end) for end in value)
        and 0 <= value[0] < value[1] <= len(text)
    )
