"""Tagging files: CoNLL, and JSONL with `tokens,tags` or `text,spans`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtl.data.examples import TaggedText, tags_from_chars
from mtl.data.tables import Place, Row, read_lines, read_rows
from mtl.errors import DataError
from mtl.labels import OUTSIDE, TypedSpan, spans_of, split_tag, to_bio2
from mtl.text import WordedText, clean, detokenize, split_words

CONLL_SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".txt", ".tsv")
_TAG = re.compile(r"O|[BIESLU]-\S+")
_DOCUMENT_START = "-DOCSTART-"


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    tag: str


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
            yield _from_tokens([t.word for t in sentence], _renamed([t.tag for t in sentence], rename))
    else:
        raise Place(path).error(
            f"a tagging file ending in .jsonl, {', '.join(CONLL_SUFFIXES)} was expected, was {path.suffix!r}"
        )


def _conll_sentences(path: Path) -> Iterator[list[_Token]]:
    sentence: list[_Token] = []
    for number, line in read_lines(path):
        if not line.strip():
            if sentence:
                yield sentence
            sentence = []
        elif not _is_comment(line):
            token = _conll_token(line, Place(path, number))
            if token.word != _DOCUMENT_START:
                sentence.append(token)
    if sentence:
        yield sentence


def _is_comment(line: str) -> bool:
    """A document mark, or a line that begins with `# ` and is not the token `#` with its tag."""
    if line.startswith(_DOCUMENT_START):
        return True
    fields = line.split()
    return line.startswith("# ") and not (len(fields) == 2 and _TAG.fullmatch(fields[1]))


def _conll_token(line: str, where: Place) -> _Token:
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
    return _Token(clean(word), tag)


def _from_tokens(words: Sequence[str], tags: Sequence[str]) -> TaggedText:
    return TaggedText(detokenize(words), to_bio2(tags))


def _renamed(tags: Sequence[str], rename: Mapping[str, str]) -> list[str]:
    if not rename:
        return list(tags)
    result = []
    for tag in tags:
        prefix, name = split_tag(tag)
        name = rename.get(name, name)
        result.append(OUTSIDE if prefix == OUTSIDE or name == OUTSIDE else f"{prefix}-{name}")
    return result


def _from_json(row: Row, rename: Mapping[str, str]) -> TaggedText:
    if "tokens" in row.values and "tags" in row.values:
        return _from_token_row(row, rename)
    if "text" in row.values and "spans" in row.values:
        return _from_span_row(row, rename)
    raise row.where.error(f"tokens and tags, or text and spans were expected, was {', '.join(row.values)}")


def _from_token_row(row: Row, rename: Mapping[str, str]) -> TaggedText:
    words, tags = row.values["tokens"], row.values["tags"]
    for name, values in (("tokens", words), ("tags", tags)):
        if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
            raise row.where.error(f"{name} is a list of strings that are not empty")
    if len(words) != len(tags) or not words:
        raise row.where.error(f"as many tags as tokens were expected, were {len(words)} and {len(tags)}")
    try:
        return _from_tokens([clean(word) for word in words], _renamed([clean(tag) for tag in tags], rename))
    except DataError as error:
        raise row.where.error(str(error)) from error


def _from_span_row(row: Row, rename: Mapping[str, str]) -> TaggedText:
    text = clean(row.text("text"))
    if not isinstance(row.values["spans"], list):
        raise row.where.error("spans is a list of objects with start, end and label")
    spans = sorted((_span(row, value, text) for value in row.values["spans"]), key=lambda span: span.start)
    for first, second in zip(spans, spans[1:], strict=False):
        if first.end > second.start:
            raise row.where.error(
                f"disjoint spans were expected, {first.start}-{first.end} and {second.start}-{second.end} overlap"
            )
    renamed = [TypedSpan(s.start, s.end, rename.get(s.label, s.label)) for s in spans]
    words = split_words(text)
    kept = [span for span in renamed if span.label != OUTSIDE]
    tags = tags_from_chars(words, kept)
    if len(spans_of(tags)) != len(kept):
        raise row.where.error("at most one span in a word was expected, two spans share one")
    return TaggedText(WordedText(text, words), tags)


def _span(row: Row, value: object, text: str) -> TypedSpan:
    if not isinstance(value, dict) or not {"start", "end", "label"} <= set(value):
        raise row.where.error(f"a span is an object with start, end and label, was {value!r:.60}")
    start, end, label = value["start"], value["end"], value["label"]
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        raise row.where.error(
            f"a span has 0 <= start < end <= {len(text)} (the text's length), was {start!r} to {end!r}"
        )
    if not isinstance(label, str) or not label.strip():
        raise row.where.error(f"a span's label is a string that is not empty, was {label!r}")
    if not text[start:end].strip():
        raise row.where.error(f"the span {start}-{end} covers only white space")
    return TypedSpan(start, end, clean(label))
