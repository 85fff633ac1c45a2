"""`.spacy` files, which need spaCy."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.interface import Format, Source
from mtl.data.formats.writing import classes_of, labelled, spans_with_note
from mtl.data.place import Place, ReadLog, Row
from mtl.errors import DataError
from mtl.text import Span, split_words

_ZLIB = b"\x78"


def read_docbin(source: Source, log: ReadLog) -> Iterator[Row]:
    """The documents of a `DocBin` as texts with spans and classes.

    Raises:
        DataError: spaCy is not installed, or the file is none of its.
    """
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError as error:
        raise DataError("a .spacy file needs spaCy: pip install spacy", path=source.path) from error
    try:
        stored = DocBin().from_disk(source.path)
        has_classes = any(stored.cats)
        for number, document in enumerate(stored.get_docs(spacy.blank("xx").vocab), start=1):
            values: dict[str, object] = {"text": document.text}
            if document.has_annotation("ENT_IOB") or not has_classes:
                values["spans"] = [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in document.ents]
            if has_classes:
                values["label"] = [name for name, value in document.cats.items() if value >= 0.5]
            yield Row(Place(source.path, f"document {number}"), values)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError("a .spacy file was expected, spaCy cannot read it as one", path=source.path) from error


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """The words of each text as tokens, with its entities or classes.

    Raises:
        DataError: spaCy is not installed.
    """
    try:
        import spacy
        from spacy.tokens import Doc, DocBin
        from spacy.util import get_words_and_spaces
    except ImportError as error:
        raise DataError("a .spacy file needs spaCy: pip install spacy", path=path) from error
    kept = labelled(examples, "spaCy")
    labels = sorted({label for e in kept for label in classes_of(e) or ()})
    vocabulary = spacy.blank("xx").vocab
    stored = DocBin(store_user_data=True)
    for example in kept:
        given = example.worded.words if isinstance(example, TaggedText) else split_words(example.text)
        words, spaces = get_words_and_spaces(_all_words(example.text, given), example.text)
        document = Doc(vocabulary, words=words, spaces=spaces)
        if not isinstance(example, TaggedText):
            own = classes_of(example) or ()
            document.cats = {label: float(label in own) for label in labels}
        else:
            spans = spans_with_note(example, log)
            document.ents = [document.char_span(s["start"], s["end"], label=s["label"]) for s in spans]
        stored.add(document)
    stored.to_disk(path)


def _all_words(text: str, words: Sequence[Span]) -> list[str]:
    """Words and what stands between them, without white space: spaCy wants every character in a token."""
    bounds = [0, *(edge for word in words for edge in (word.start, word.end)), len(text)]
    parts = [text[a:b] for a, b in pairwise(bounds)]
    return [one for i, part in enumerate(parts) for one in (part.split() if i % 2 == 0 else [part])]


SPACY = Format(
    "spacy",
    "a .spacy file of spaCy",
    lambda source: source.suffix == ".spacy" and source.head.startswith(_ZLIB),
    read_docbin,
    _write,
)
