"""Tagging files: CoNLL, and JSONL with `tokens,tags`, `text,spans` or `text,words,tags`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from mtl.data.examples import TaggedText, tags_from_chars
from mtl.data.tables import Place, Row, read_lines, read_rows
from mtl.errors import DataError
from mtl.labels import OUTSIDE, TypedSpan, spans_of, split_tag, to_bio2
from mtl.text import Span, WordedText, clean, detokenize, split_words

CONLL_SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".txt", ".tsv")
_TAG = re.compile(r"O|[BIESLU]-\S+")
_DOCUMENT_START = "-DOCSTART-"


def read_tagging(path: Path, rename: Mapping[str, str]) -> Iterator[TaggedText]:
    """The sentences of one file, in BIO2.

    Args:
        path: a CoNLL or JSONL file.
        rename: entity types to read as another one, or as `O` for none.

    Raises:
        DataError: with file and line, for anything that is not as its format says.
    """
    if path.suffix.lower() == ".jsonl":
        for row in read_rows(path, ()):
            yield _from_json(row, rename)
    elif path.suffix.lower() in CONLL_SUFFIXES:
        for sentence in _conll_sentences(path):
            words, tags = zip(*sentence, strict=True)
            yield TaggedText(detokenize(words), to_bio2(_renamed(tags, rename)))
    else:
        raise Place(path).error(
            f"a tagging file ending in .jsonl, {', '.join(CONLL_SUFFIXES)} was expected, was {path.suffix!r}"
        )


def _conll_sentences(path: Path) -> Iterator[list[tuple[str, str]]]:
    """The words and tags of each sentence."""
    sentence: list[tuple[str, str]] = []
    for number, line in read_lines(path):
        if not line.strip():
            if sentence:
                yield sentence
            sentence = []
        elif not _is_comment(line):
            word, tag = _conll_token(line, Place(path, number))
            if word != _DOCUMENT_START:
                sentence.append((word, tag))
    if sentence:
        yield sentence


def _is_comment(line: str) -> bool:
    """A document mark, or a line that begins with `# ` and is not the token `#` with its tag."""
    if line.startswith(_DOCUMENT_START):
        return True
    fields = line.split()
    return line.startswith("# ") and not (len(fields) == 2 and _TAG.fullmatch(fields[1]))


def _conll_token(line: str, where: Place) -> tuple[str, str]:
    fields = line.split("\t") if "\t" in line else line.split()
    if len(fields) < 2:
        raise where.error(f"a token and a tag with a tab between were expected, was {line[:60]!r}")
    word, tag = fields[0].strip(), fields[-1].strip()
    if not word:
        raise where.error("the token is empty")
    try:
        split_tag(tag)
    except DataError as error:
        raise where.error(str(error)) from error
    return clean(word), tag


def _renamed(tags: Sequence[str], rename: Mapping[str, str]) -> list[str]:
    """The tags with other types; a type that is read as `O` is no entity, while one of that name in the file is one."""
    result = []
    for tag in tags:
        prefix, name = split_tag(tag)
        outside = prefix == OUTSIDE or rename.get(name) == OUTSIDE
        result.append(OUTSIDE if outside else f"{prefix}-{rename.get(name, name)}")
    return result


def _from_json(row: Row, rename: Mapping[str, str]) -> TaggedText:
    if "tokens" in row.values and "tags" in row.values:
        return _from_token_row(row, rename)
    if "text" in row.values and "spans" in row.values:
        return _from_span_row(row, rename)
    if {"text", "words", "tags"} <= set(row.values):
        return _from_word_row(row, rename)
    raise row.where.error(f"tokens and tags, or text and spans were expected, was {', '.join(row.values)}")


def _from_token_row(row: Row, rename: Mapping[str, str]) -> TaggedText:
    words = _strings(row, "tokens")
    if not words:
        raise row.where.error("at least one token was expected, was none")
    return TaggedText(detokenize(words), _tags(row, len(words), rename))


def _from_word_row(row: Row, rename: Mapping[str, str]) -> TaggedText:
    text, words = clean(row.text("text")), row.values["words"]
    if not isinstance(words, list) or not all(_is_stretch(word, text) for word in words):
        raise row.where.error(f"words is a list of [start, end] with 0 <= start < end <= {len(text)}")
    spans = tuple(Span(start, end) for start, end in words)
    if any(first.end > second.start for first, second in pairwise(spans)):
        raise row.where.error("words in order and disjoint were expected")
    return TaggedText(WordedText(text, spans), _tags(row, len(spans), rename))


def _tags(row: Row, count: int, rename: Mapping[str, str]) -> tuple[str, ...]:
    tags = _strings(row, "tags")
    if len(tags) != count:
        raise row.where.error(f"as many tags as tokens were expected, were {count} and {len(tags)}")
    try:
        return to_bio2(_renamed(tags, rename))
    except DataError as error:
        raise row.where.error(str(error)) from error


def _strings(row: Row, name: str) -> list[str]:
    values = row.values[name]
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise row.where.error(f"{name} is a list of strings that are not empty")
    return [clean(value) for value in values]


def _is_stretch(value: object, text: str) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(end, int) for end in value)
        and 0 <= value[0] < value[1] <= len(text)
    )


def _from_span_row(row: Row, rename: Mapping[str, str]) -> TaggedText:
    text = clean(row.text("text"))
    if not isinstance(row.values["spans"], list):
        raise row.where.error("spans is a list of objects with start, end and label")
    spans = sorted((_span(row, value, text) for value in row.values["spans"]), key=lambda span: span.start)
    for first, second in pairwise(spans):
        if first.end > second.start:
            raise row.where.error(
                f"disjoint spans were expected, {first.start}-{first.end} and {second.start}-{second.end} overlap"
            )
    words = split_words(text)
    kept = [replace(s, label=rename.get(s.label, s.label)) for s in spans if rename.get(s.label) != OUTSIDE]
    tags = tags_from_chars(words, kept)
    if len(spans_of(tags)) != len(kept):
        raise row.where.error("at most one span in a word was expected, two spans share one")
    return TaggedText(WordedText(text, words), tags)


def _span(row: Row, value: object, text: str) -> TypedSpan:
    if not isinstance(value, dict) or not {"start", "end", "label"} <= set(value):
        raise row.where.error(f"a span is an object with start, end and label, was {value!r:.60}")
    start, end, label = value["start"], value["end"], value["label"]
    if not _is_stretch([start, end], text):
        raise row.where.error(
            f"a span has 0 <= start < end <= {len(text)} (the text's length), was {start!r} to {end!r}"
        )
    if not isinstance(label, str) or not label.strip():
        raise row.where.error(f"a span's label is a string that is not empty, was {label!r}")
    if not split_words(text[start:end]):
        raise row.where.error(f"the span {start}-{end} covers only white space")
    return TypedSpan(start, end, clean(label))
