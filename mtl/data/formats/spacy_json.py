"""spaCy in JSON: documents of paragraphs, pairs of a text and its `entities`, and what `Doc.to_json` writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.annotated import Holds
from mtl.data.formats.interface import RowReader, Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_array
from mtl.data.place import ReadLog, Row

_Record = Mapping[str, Any]


def _matches(record: Mapping[str, object]) -> bool:
    if isinstance(record.get("paragraphs"), list):
        return True
    if "text" not in record:
        return False
    entities = record.get("entities")
    pairs = isinstance(entities, list) and all(isinstance(e, (list, tuple)) and len(e) >= 3 for e in entities)
    return pairs or isinstance(record.get("ents"), list) or isinstance(record.get("cats"), dict)


@dataclass(frozen=True)
class _Corpus:
    """Whether the first records have entities or classes."""

    holds: Holds

    def rows(self, row: Row, log: ReadLog) -> Iterator[Row]:
        """The sentences of a document, or a text."""
        if "paragraphs" in row.values:
            for paragraph in row.values["paragraphs"]:
                if not isinstance(paragraph, dict):
                    raise row.where.error("a paragraph is an object with sentences")
                yield from self._paragraph(paragraph, row, log)
            return
        marks = self.holds.marks(_spans(row.values), _classes(row.values.get("cats")))
        yield Row(row.where, {**_bare(row.values), **marks})

    def _paragraph(self, paragraph: _Record, row: Row, log: ReadLog) -> Iterator[Row]:
        sentences = [s for s in paragraph.get("sentences") or () if isinstance(s, dict)]
        classes = _paragraph_classes(paragraph)
        named = any(t.get("ner") not in (None, "", "-") for s in sentences for t in s.get("tokens") or ())
        if paragraph.get("raw") and not named:
            yield Row(row.where, {"text": paragraph["raw"], **self.holds.marks([], classes)})
            return
        labels = {name: value for name, value in self.holds.marks(None, classes).items() if name == "label"}
        for sentence in sentences:
            tokens = [t for t in sentence.get("tokens") or () if isinstance(t, dict)]
            tags = [t.get("ner", "O") for t in tokens]
            if "-" in tags:
                log.note("words whose entity spaCy does not know (-) are read as outside")
            words = [t.get("orth") for t in tokens]
            yield Row(row.where, {"tokens": words, "tags": ["O" if tag in ("-", "") else tag for tag in tags]} | labels)


def _corpus(first: Sequence[_Record]) -> _Corpus:
    paragraphs = [p for record in first for p in record.get("paragraphs") or () if isinstance(p, dict)]
    classes = [_classes(record.get("cats")) for record in first] + [_paragraph_classes(p) for p in paragraphs]
    tokens = [
        t for p in paragraphs for s in p.get("sentences") or () if isinstance(s, dict) for t in s.get("tokens") or ()
    ]
    named = any(isinstance(t, dict) and t.get("ner") not in (None, "", "-", "O") for t in tokens)
    return _Corpus(Holds(named or any(_spans(record) for record in first), any(classes)))


def _bare(values: _Record) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k not in ("entities", "ents", "tokens", "cats", "paragraphs")}


def _spans(values: _Record) -> list[Any] | None:
    if "entities" in values:
        return [{"start": e[0], "end": e[1], "label": e[2]} for e in values["entities"]]
    ents = values.get("ents")
    return ents if isinstance(ents, list) else None


def _classes(cats: object) -> list[str] | None:
    """The classes that a text has; None where nothing says so."""
    if not isinstance(cats, Mapping):
        return None
    return [name for name, value in cats.items() if isinstance(value, (int, float)) and value >= 0.5]


def _paragraph_classes(paragraph: _Record) -> list[str] | None:
    cats = paragraph.get("cats")
    if not isinstance(cats, list):
        return None
    return _classes({c.get("label"): c.get("value") for c in cats if isinstance(c, dict)})


def _reader(first: Sequence[_Record]) -> RowReader:
    return _corpus(first).rows


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """Pairs of a text and what is in it."""
    kept = labelled(examples, "spaCy")
    labels = sorted({label for e in kept for label in classes_of(e) or ()})
    pairs: list[list[Any]] = []
    for example in kept:
        if not isinstance(example, TaggedText):
            own = classes_of(example) or ()
            found: dict[str, Any] = {"cats": {label: float(label in own) for label in labels}}
        else:
            found = {"entities": [[s["start"], s["end"], s["label"]] for s in spans_with_note(example, log)]}
        pairs.append([example.text, found])
    write_array(path, pairs)


SPACY_JSON = Shape("spacy-json", "JSON of spaCy", _matches, _reader, lambda _: _bare, _write)
