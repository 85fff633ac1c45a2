"""Broken data files for the command line."""

BROKEN_DATA = {
    "column-missing": ("topic", "t.csv", b"text,when\na,b\n", 1),
    "fields": ("topic", "t.csv", b"text,label\na,x\nb\n", 3),
    "text-empty": ("topic", "t.csv", b"text,label\n,x\n", 2),
    "label-empty": ("topic", "t.csv", b"text,label\na,\n", 2),
    "not-utf8": ("topic", "t.csv", b"text,label\ncaf\x81,x\n", 2),
    "binary": ("topic", "t.csv", b"\x00\x01\x02", 1),
    "quote": ("topic", "t.csv", b'text,label\n"a,x\n', 2),
    "empty": ("topic", "t.csv", b"", 1),
    "json": ("topic", "t.jsonl", b'{"text": "a", "label": "x"}\n{"text"\n', 2),
    "tag": ("entities", "t.conll", b"Anna\tB-PER\nRome\tX-LOC\n", 2),
    "tag-missing": ("entities", "t.conll", b"Anna\n", 1),
    "spans-overlap": (
        "entities",
        "t.jsonl",
        b'{"text": "Anna", "spans": [{"start": 0, "end": 3, "label": "A"}, {"start": 2, "end": 4, "label": "A"}]}',
        1,
    ),
    "score": ("similarity", "t.csv", b"sentence1,sentence2,score\na,b,7\n", 2),
}
