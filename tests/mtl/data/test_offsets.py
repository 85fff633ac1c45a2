"""Offsets of spans: characters as given, and those that other programs count, converted."""

import json
import random
from pathlib import Path

import pytest

from mtl.data import TaggedText, TaskLog, read_files
from mtl.data.offsets import OffsetUnit, from_characters, to_characters
from mtl.recipe import TaskConfig
from mtl.text import split_words

TAGGING = TaskConfig(kind="tagging")
PIECES = [
    "Anna",
    "left",
    "Zoë",
    "e\u0301te\u0301",
    "😀",
    "👩🏽‍🚀",
    "🇨🇭",
    "\u200fשלום\u200e",
    "日本",
    ".",
    ",",
    "x",
    "naïve",
    "\u202bعربي\u202c",
]
MEASURES = {
    OffsetUnit.CHARACTERS: len,
    OffsetUnit.UTF16: lambda text: len(text.encode("utf-16-le")) // 2,
    OffsetUnit.BYTES: lambda text: len(text.encode()),
}


def random_text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) + chance.choice(["", " ", " "]) for _ in range(chance.randint(3, 12)))


def written(path: Path, rows: list[tuple[str, list[tuple[int, int]]]], unit: OffsetUnit) -> Path:
    measure = MEASURES[unit]
    with path.open("w", encoding="utf-8") as file:
        for text, spans in rows:
            found = [{"start": measure(text[:a]), "end": measure(text[:b]), "label": "X"} for a, b in spans]
            file.write(json.dumps({"text": text, "spans": found}) + "\n")
    return path


def read(path: Path) -> tuple[list[list[str]], tuple[str, ...]]:
    log = TaskLog()
    examples = [e for e in read_files(TAGGING, [str(path)], log=log) if isinstance(e, TaggedText)]
    return [[e.text[s.start : s.end] for s in e.char_spans()] for e in examples], log.notes


@pytest.mark.parametrize("seed", range(20))
def test_any_span_in_characters_keeps_its_text(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    rows = []
    while len(rows) < 100:
        text = random_text(chance)
        a, b = sorted(chance.sample(range(len(text) + 1), 2))
        if text[a:b].strip() == text[a:b] and split_words(text[a:b]):
            rows.append((text, [(a, b)]))
    found, _ = read(written(tmp_path / "t.jsonl", rows, OffsetUnit.CHARACTERS))
    assert found == [[text[a:b] for a, b in spans] for text, spans in rows]


@pytest.mark.parametrize("unit", list(OffsetUnit))
@pytest.mark.parametrize("seed", range(10))
def test_spans_of_words_keep_their_text_whatever_their_offsets_count(tmp_path: Path, unit: OffsetUnit, seed: int):
    chance = random.Random(seed)
    rows = []
    for _ in range(50):
        text = random_text(chance)
        words = [w for w in split_words(text) if text[w.start].isalpha()]
        chosen = sorted(chance.sample(words, min(len(words), 2)), key=lambda w: w.start)
        rows.append((text, [(w.start, w.end) for w in chosen]))
    found, notes = read(written(tmp_path / "t.jsonl", rows, unit))
    assert found == [[text[a:b] for a, b in spans] for text, spans in rows]
    assert notes == (
        () if unit is OffsetUnit.CHARACTERS else (f"t.jsonl: offsets of spans count {unit}; they are read as such",)
    )


@pytest.mark.parametrize("unit", list(OffsetUnit))
def test_one_span_that_names_its_words_is_enough(tmp_path: Path, unit: OffsetUnit):
    text = "😀😀 Zoë left"
    span = {"start": MEASURES[unit](text[:3]), "end": MEASURES[unit](text[:6]), "label": "PER", "text": "Zoë"}
    (tmp_path / "t.jsonl").write_text(json.dumps({"text": text, "spans": [span]}))
    assert read(tmp_path / "t.jsonl")[0] == [["Zoë"]]


@pytest.mark.parametrize("unit", list(OffsetUnit))
def test_offsets_are_counted_as_python_encodes(unit: OffsetUnit):
    text = "".join(PIECES)
    for at in range(len(text) + 1):
        assert from_characters(text, at, unit) == MEASURES[unit](text[:at])
        assert to_characters(text, MEASURES[unit](text[:at]), unit) == at
    assert to_characters(text, MEASURES[unit](text) + 1, unit) is None
    assert to_characters(text, -1, unit) is None


def test_an_offset_inside_of_a_character_is_none():
    assert to_characters("😀", 1, OffsetUnit.UTF16) is None
    assert to_characters("é", 1, OffsetUnit.BYTES) is None
