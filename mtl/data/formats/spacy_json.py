"""spaCy in JSON: documents of paragraphs, pairs of a text and its `entities`, and what `Doc.to_json` writes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, TaggedText
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import classes_of, labelled, spans_with_note, write_array
from mtl.data.place import ReadLog, Row


def _matches(record: Mapping[str, object]) -> bool:
    if isinstance(record.get("paragraphs"), list):
        return True
    if "text" not in record:
        return False
    entities = record.get("entities")
    pairs = isinstance(entities, list) and all(isinstance(e, (list, tuple)) and len(e) >= 3 for e in entities)
    return pairs or isinstance(record.get("ents"), list) or isinstance(record.get("cats"), dict)


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    if "paragraphs" in row.values:
        for paragraph in row.values["paragraphs"]:
            if not isinstance(paragraph, dict):
                raise row.where.error("a paragraph is an object with sentences")
            yield from _paragraph(paragraph, row, log)
        return
    values = {k: v for k, v in row.values.items() if k not in ("entities", "ents", "tokens", "cats")}
    if "entities" in row.values:
        values["spans"] = [{"start": e[0], "end": e[1], "label": e[2]} for e in row.values["entities"]]
    else:
        values["spans"] = row.values.get("ents", [])
    yield Row(row.where, values | _classes(row.values.get("cats")))


def _paragraph(paragraph: Mapping[str, Any], row: Row, log: ReadLog) -> Iterator[Row]:
    sentences = [s for s in paragraph.get("sentences") or () if isinstance(s, dict)]
    classes = _classes({c.get("label"): c.get("value") for c in paragraph.get("cats") or () if isinstance(c, dict)})
    named = any(t.get("ner") not in (None, "", "-") for s in sentences for t in s.get("tokens") or ())
    if paragraph.get("raw") and not named:
        yield Row(row.where, {"text": paragraph["raw"], "spans": []} | classes)
        return
    for sentence in sentences:
        tokens = [t for t in sentence.get("tokens") or () if isinstance(t, dict)]
        tags = [t.get("ner", "O") for t in tokens]
        if "-" in tags:
            log.note("words whose entity spaCy does not know (-) are read as outside")
        words = [t.get("orth") for t in tokens]
        yield Row(row.where, {"tokens": words, "tags": ["O" if tag in ("-", "") else tag for tag in tags]} | classes)


def _classes(cats: object) -> dict[str, Any]:
    """The classes that a text has."""
    if not isinstance(cats, Mapping) or not cats:
        return {}
    return {"label": [name for name, value in cats.items() if isinstance(value, (int, float)) and value >= 0.5]}


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


SPACY_JSON = Shape("spacy-json", "JSON of spaCy", _matches, _rows, _write)
