"""GLiNER: `tokenized_text` and `ner`, a list of `[first, last, type]` in words, the last one included."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example
from mtl.data.formats.interface import Shape
from mtl.data.formats.writing import note_lost_spaces, tagged_only, words_of, write_array
from mtl.data.place import ReadLog, Row
from mtl.labels import TypedSpan, spans_of, tags_of


def _matches(record: Mapping[str, object]) -> bool:
    return "tokenized_text" in record and "ner" in record


def _rows(row: Row, log: ReadLog) -> Iterator[Row]:
    tokens, found = row.values.get("tokenized_text"), row.values.get("ner")
    if not isinstance(tokens, list) or not isinstance(found, list):
        raise row.where.error("tokenized_text is a list of words and ner a list of [first, last, type]")
    spans = []
    for one in found:
        is_span = isinstance(one, list) and len(one) == 3 and all(isinstance(at, int) for at in one[:2])
        if not is_span or not 0 <= one[0] <= one[1] < len(tokens) or not str(one[2]).strip():
            raise row.where.error(f"ner has [first, last, type] with words 0 to {len(tokens) - 1}, was {one!r:.60}")
        spans.append(TypedSpan(one[0], one[1] + 1, str(one[2])))
    spans = sorted(set(spans), key=lambda span: (span.start, span.end))
    for first, second in zip(spans, spans[1:], strict=False):
        if first.end > second.start:
            raise row.where.error(
                f"disjoint entities were expected, words {first.start}-{first.end - 1} and "
                f"{second.start}-{second.end - 1} overlap"
            )
    yield Row(row.where, {**_bare(row.values), "tags": list(tags_of(spans, len(tokens)))})


def _bare(values: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in values.items() if name not in ("tokenized_text", "ner")}
    return {**rest, "tokens": values.get("tokenized_text")}


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    records = []
    for example in tagged_only(examples, "GLiNER"):
        found = [[span.start, span.end - 1, span.label] for span in spans_of(example.tags)]
        note_lost_spaces(example, log)
        records.append({"tokenized_text": words_of(example), "ner": found})
    write_array(path, records)


GLINER = Shape("gliner", "training data of GLiNER", _matches, lambda _: _rows, lambda _: _bare, _write, is_strict=True)
