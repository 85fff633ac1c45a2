"""Ten ways in which a data file can be broken, and what must be said about each."""

from dataclasses import dataclass

from mtl.recipe import TaskKind

_CLASSES, _TAGS, _PAIRS = TaskKind.CLASSIFICATION, TaskKind.TAGGING, TaskKind.SIMILARITY


@dataclass(frozen=True)
class Broken:
    file: str
    kind: TaskKind
    content: bytes
    line: int
    says: str


BROKEN = (
    Broken("no-label-column.csv", _CLASSES, b"text,number\nhello,1\n", 1, "label"),
    Broken("unquoted-comma.csv", _CLASSES, b"text,label\none,a\ntwo, three,b\n", 3, "fields"),
    Broken("empty-text.csv", _CLASSES, b"text,label\none,a\n  ,b\n", 3, "empty"),
    Broken("not-utf8.csv", _CLASSES, "text,label\né è,a\n".encode() + b"c\xf4t,a\n", 3, "UTF-8"),
    Broken("binary.tsv", _CLASSES, b"text\tlabel\nx\x00y\ta\n", 2, "binary"),
    Broken("not-json.jsonl", _CLASSES, b'{"text": "a", "label": "b"}\n{"text": "a"\n', 2, "JSON"),
    Broken("wrong-tag.conll", _TAGS, b"Ann\tB-PER\nruns\tX-LOC\n", 2, "X-LOC"),
    Broken("no-tag.conll", _TAGS, b"Ann\tB-PER\nruns\n", 2, "tag"),
    Broken("uneven.jsonl", _TAGS, b'{"tokens": ["Ann", "runs"], "tags": ["B-PER"]}\n', 1, "tokens"),
    Broken("score-range.csv", _PAIRS, b"sentence1,sentence2,score\na,b,0.5\na,c,4.2\n", 3, "score"),
)
