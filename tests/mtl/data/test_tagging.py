"""Tagging files."""

import json
from pathlib import Path

import pytest

from mtl.data import TaggedText, TaskLog, read_files
from mtl.data.converting import convert
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind

TAGGING = TaskConfig(kind=TaskKind.TAGGING)


def read(path: Path, content: str, config: TaskConfig = TAGGING) -> list[TaggedText]:
    path.write_text(content, encoding="utf-8")
    return [e for e in read_files(config, [str(path)]) if isinstance(e, TaggedText)]


def entities(example: TaggedText) -> list[tuple[str, str]]:
    return [(example.text[s.start : s.end], s.label) for s in example.char_spans()]


@pytest.mark.parametrize("suffix", [".conll", ".iob", ".iob2", ".bio", ".txt", ".tsv"])
def test_conll_is_read_under_each_of_its_endings(tmp_path: Path, suffix: str):
    (example,) = read(tmp_path / f"t{suffix}", "Anna\tB-PER\nleft\tO\n.\tO\n")
    assert (example.text, example.tags) == ("Anna left.", ("B-PER", "O", "O"))


def test_blank_lines_part_sentences_however_many(tmp_path: Path):
    examples = read(tmp_path / "t.conll", "\n\na\tO\n\n \t\n\nb\tB-X\n")
    assert [e.text for e in examples] == ["a", "b"]


def test_the_tag_is_the_last_column_with_blanks_or_tabs_between(tmp_path: Path):
    examples = read(tmp_path / "t.conll", "EU NNP B-NP B-ORG\nwins VB O O\n\nEU\tNNP\tB-ORG\n")
    assert [e.tags for e in examples] == [("B-ORG", "O"), ("B-ORG",)]


def test_document_starts_and_comments_are_no_words(tmp_path: Path):
    content = "-DOCSTART- -X- O O\n\n# newdoc id = 1\n# text = Anna\nAnna B-PER\n\n-DOCSTART-\tO\n\nb\tO\n"
    assert [e.text for e in read(tmp_path / "t.conll", content)] == ["Anna", "b"]


def test_a_hash_with_a_tab_is_a_word(tmp_path: Path):
    (example,) = read(tmp_path / "t.conll", "#\tO\nfun\tB-X\n")
    assert entities(example) == [("fun", "X")]
    assert len(example.tags) == 2


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path):
    (example,) = read(tmp_path / "t.conll", "\ufeffAnna\tB-PER\r\nleft\tO\r\n\r\n")
    assert (example.text, example.tags) == ("Anna left", ("B-PER", "O"))


@pytest.mark.parametrize(
    "tags",
    ["I-PER I-PER O I-LOC", "B-PER I-PER O B-LOC", "B-PER E-PER O S-LOC", "B-PER L-PER O U-LOC"],
    ids=["IOB1", "BIO2", "BIOES", "BILOU"],
)
def test_every_scheme_of_a_file_becomes_bio2(tmp_path: Path, tags: str):
    lines = [f"{word}\t{tag}" for word, tag in zip(["Anna", "Li", "in", "Rome"], tags.split(), strict=True)]
    (example,) = read(tmp_path / "t.conll", "\n".join(lines))
    assert example.tags == ("B-PER", "I-PER", "O", "B-LOC")


def test_json_tokens_and_tags_are_read(tmp_path: Path):
    content = json.dumps({"tokens": ["Anna", "'s", "Rome"], "tags": ["B-PER", "O", "S-LOC"]})
    (example,) = read(tmp_path / "t.jsonl", content)
    assert (example.text, example.tags) == ("Anna's Rome", ("B-PER", "O", "B-LOC"))


def test_json_spans_keep_the_text_as_given(tmp_path: Path):
    text = "  🙂 O'Neil  left Zürich!"
    spans = [{"start": 17, "end": 23, "label": "LOC"}, {"start": 4, "end": 10, "label": "PER"}]
    (example,) = read(tmp_path / "t.jsonl", json.dumps({"text": text, "spans": spans}))
    assert example.text == text
    assert entities(example) == [("O'Neil", "PER"), ("Zürich", "LOC")]


@pytest.mark.parametrize("unit", ["mg", 7, None, ["x"], {"a": 1}, ""])
def test_a_unit_that_is_none_of_offsets_is_a_key_of_the_file_s_own(tmp_path: Path, unit: object):
    span = {"start": 5, "end": 9, "label": "DOSE", "unit": unit}
    (example,) = read(tmp_path / "t.jsonl", json.dumps({"text": "take 5 mg", "spans": [span]}))
    assert entities(example) == [("5 mg", "DOSE")]


def test_a_text_without_spans_is_all_outside(tmp_path: Path):
    (example,) = read(tmp_path / "t.jsonl", '{"text": "a b", "spans": []}')
    assert example.tags == ("O", "O")


def test_touching_spans_are_two_entities(tmp_path: Path):
    spans = [{"start": 0, "end": 2, "label": "X"}, {"start": 2, "end": 3, "label": "X"}]
    (example,) = read(tmp_path / "t.jsonl", json.dumps({"text": "ab!", "spans": spans}))
    assert example.tags == ("B-X", "B-X")


@pytest.mark.parametrize(
    "content",
    [
        "Anna\tB-PER\nCup\tB-MISC\nFinal\tI-MISC\nX\tB-GPE\n",
        '{"tokens": ["Anna", "Cup", "Final", "X"], "tags": ["B-PER", "B-MISC", "I-MISC", "B-GPE"]}',
        '{"text": "Anna Cup Final X", "spans": [{"start": 0, "end": 4, "label": "PER"}, '
        '{"start": 5, "end": 14, "label": "MISC"}, {"start": 15, "end": 16, "label": "GPE"}]}',
    ],
    ids=["conll", "tokens", "spans"],
)
def test_entity_types_are_renamed_or_read_as_none(tmp_path: Path, content: str):
    config = TaskConfig(kind=TaskKind.TAGGING, map_labels={"MISC": "O", "GPE": "LOC"})
    suffix = ".jsonl" if content.startswith("{") else ".conll"
    (example,) = read(tmp_path / f"t{suffix}", content, config)
    assert example.tags == ("B-PER", "O", "O", "B-LOC")


def test_types_renamed_to_one_stay_two_entities(tmp_path: Path):
    config = TaskConfig(kind=TaskKind.TAGGING, map_labels={"GPE": "LOC"})
    (example,) = read(tmp_path / "t.conll", "a\tB-LOC\nb\tB-GPE\nc\tI-GPE\n", config)
    assert example.tags == ("B-LOC", "B-LOC", "I-LOC")


def test_conll_with_its_original_text_is_that_text(tmp_path: Path):
    content = "# sent_id = 1\n# text = Anna  left\u200b.\nAnna\tB-PER\nleft\tO\n.\tO\n\nTom\tB-PER\nleft\tO\n"
    first, second = read(tmp_path / "t.conll", content)
    assert (first.text, second.text) == ("Anna  left\u200b.", "Tom left")
    assert entities(first) == [("Anna", "PER")]


@pytest.mark.parametrize("tags", ["tags", "ner_tags"])
def test_tokens_with_their_original_text_are_read_in_it(tmp_path: Path, tags: str):
    row = {"text": "Anna  (left)", "tokens": ["Anna", "(", "left", ")"], tags: ["B-PER", "O", "O", "O"]}
    (example,) = read(tmp_path / "t.jsonl", json.dumps(row) + "\n")
    assert example.text == "Anna  (left)"
    assert [example.text[w.start : w.end] for w in example.worded.words] == row["tokens"]


def test_tokens_that_are_not_those_of_the_text_are_joined_with_a_note(tmp_path: Path):
    row = {"text": "Anna -- left", "tokens": ["Anna", "left"], "tags": ["B-PER", "O"]}
    (tmp_path / "t.jsonl").write_text(json.dumps(row) + "\n")
    log = TaskLog()
    (example,) = read_files(TAGGING, [str(tmp_path / "t.jsonl")], log=log)
    assert (example.text, entities(example)) == ("Anna left", [("Anna", "PER")])
    assert "the tokens of some rows are not those of their text" in " ".join(log.notes)


@pytest.mark.parametrize("sign", ["\ufeff", "\u200b", "\u200e", "\u202e", "\u00ad"], ids=ascii)
def test_a_span_keeps_invisible_characters_and_a_model_finds_it_without(tmp_path: Path, sign: str):
    text = f"met {sign}Anna{sign} twice"
    row = {"text": text, "spans": [{"start": 4, "end": 10, "label": "PER"}]}
    (example,) = read(tmp_path / "t.jsonl", json.dumps(row) + "\n")
    assert entities(example) == [(f"{sign}Anna{sign}", "PER")]
    assert [(text[s.start : s.end], s.label) for s in example.visible_spans()] == [("Anna", "PER")]
    assert example.units().tags == ("O", "B-PER", "O")


def test_a_span_of_nothing_that_is_seen_is_refused(tmp_path: Path):
    row = {"text": "a \u200b b", "spans": [{"start": 1, "end": 3, "label": "PER"}]}
    with pytest.raises(DataError, match="the span 1-3 covers only white space or invisible characters"):
        read(tmp_path / "t.jsonl", json.dumps(row) + "\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.conll", "a\tO\n\u200b\tB-P\nTom\tB-P\n"),
        ("t.jsonl", '{"tokens": ["a", "\\u200b", "Tom"], "tags": ["O", "B-P", "B-P"]}\n'),
        ("t.json", '[{"tokenized_text": ["a", "\\u200b", "Tom"], "ner": [[1, 1, "P"], [2, 2, "P"]]}]'),
        ("t.jsonl", '{"text": "a \\u200b Tom", "words": [[0, 1], [2, 3], [4, 7]], "tags": ["O", "B-P", "B-P"]}\n'),
    ],
)
def test_an_entity_that_nobody_sees_is_none(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content, encoding="utf-8")
    log = TaskLog()
    (example,) = read_files(TAGGING, [str(tmp_path / name)], log=log)
    assert entities(example) == [("Tom", "P")]
    assert "entities of invisible characters alone are read as outside" in " ".join(log.notes)
    assert convert(tmp_path / name, tmp_path / "out.jsonl", kind=TaskKind.TAGGING).examples == 1
