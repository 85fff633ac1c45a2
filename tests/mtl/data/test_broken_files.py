"""Broken data files: each is refused in one sentence that names file, line and what was expected."""

from pathlib import Path

import pytest

from mtl.data import read_files
from mtl.errors import DataError
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig

C, T, S = "classification", "tagging", "similarity"
SPANS = '{"text": "Anna left", "spans": '

# What is broken: kind of task, file name, content, line (None where a file has no lines), gist.
BROKEN: dict[str, tuple[str, str, bytes | str, int | None, str]] = {
    "csv-column-missing": (
        C,
        "t.csv",
        "text,topic\na,b\n",
        1,
        "the columns text, label were expected, label is missing among text, topic",
    ),
    "csv-too-few-fields": (C, "t.csv", "text,label\na,x\nb\n", 3, "2 fields (text, label) were expected, were 1"),
    "csv-too-many-fields": (
        C,
        "t.csv",
        "text,label\na,x\nwell, no,x\n",
        3,
        "2 fields (text, label) were expected, were 3",
    ),
    "csv-text-empty": (C, "t.csv", "text,label\na,x\n  ,y\n", 3, "text is empty"),
    "csv-label-missing": (C, "t.csv", "text,label\na,x\nb,\n", 3, "label is empty"),
    "csv-quote-unclosed": (C, "t.csv", 'text,label\na,x\n"b,x\nc,x\n', 3, "valid CSV was expected"),
    "csv-text-after-quote": (C, "t.csv", 'text,label\n"a" b,x\n', 2, "valid CSV was expected"),
    "csv-empty": (C, "t.csv", "", 1, "a header with text, label was expected, the file is empty"),
    "csv-header-only": (C, "t.csv", "text,label\n", 1, "at least one example was expected, the file has none"),
    "csv-binary": (C, "t.csv", b"text,label\na,x\n\x00\x01\x02\n", 3, "text was expected, was binary data"),
    "jsonl-broken": (
        C,
        "t.jsonl",
        '{"text": "a", "label": "x"}\n{"text": \n',
        2,
        "a JSON object was expected, was '{\"text\": '",
    ),
    "jsonl-no-object": (C, "t.jsonl", '["a", "x"]\n', 1, "a JSON object was expected, was ['a', 'x']"),
    "jsonl-key-missing": (
        C,
        "t.jsonl",
        '{"text": "a", "label": "x"}\n{"text": "b"}\n',
        2,
        "label is missing among text",
    ),
    "jsonl-text-no-string": (C, "t.jsonl", '{"text": 3, "label": "x"}\n', 1, "text is a string, was 3"),
    "jsonl-text-null": (C, "t.jsonl", '{"text": null, "label": "x"}\n', 1, "text is a string, was nothing"),
    "jsonl-empty": (C, "t.jsonl", "\n\n", 1, "at least one example was expected, the file has none"),
    "parquet-broken": (C, "t.parquet", b"PAR1 no", None, "a Parquet file was expected, it cannot be read as one"),
    "conll-tag-bad": (T, "t.conll", "Anna\tB-PER\nRome\tX-LOC\n", 2, "a tag is O, B-TYPE or I-TYPE, was 'X-LOC'"),
    "conll-tag-missing": (
        T,
        "t.conll",
        "Anna\tB-PER\n\nRome\n",
        3,
        "a token and a tag with a tab between were expected, was 'Rome'",
    ),
    "conll-tag-empty": (T, "t.conll", "Anna\tB-PER\nRome\t\n", 2, "a tag is O, B-TYPE or I-TYPE, was ''"),
    "conll-token-empty": (T, "t.conll", "Anna\tB-PER\n\tO\n", 2, "the token is empty"),
    "conll-type-missing": (T, "t.conll", "Anna\tB-\n", 1, "a tag is O, B-TYPE or I-TYPE, was 'B-'"),
    "conll-empty": (T, "t.conll", "\n", 1, "at least one example was expected, the file has none"),
    "tagging-csv": (
        T,
        "t.csv",
        "token,tag\na,O\n",
        2,
        "tokens and tags, or text and spans were expected, was token, tag",
    ),
    "tagging-jsonl-keys": (
        T,
        "t.jsonl",
        '{"words": ["a"]}\n',
        1,
        "tokens and tags, or text and spans were expected, was words",
    ),
    "tokens-tags-lengths": (
        T,
        "t.jsonl",
        '{"tokens": ["a", "b"], "tags": ["O"]}\n',
        1,
        "as many tags as tokens were expected, were 2 and 1",
    ),
    "tokens-no-list": (
        T,
        "t.jsonl",
        '{"tokens": "a b", "tags": ["O", "O"]}\n',
        1,
        "tokens is a list of strings that are not empty",
    ),
    "tokens-numbers": (
        T,
        "t.jsonl",
        '{"tokens": [1], "tags": ["O"]}\n',
        1,
        "tokens is a list of strings that are not empty",
    ),
    "tokens-tag-bad": (
        T,
        "t.jsonl",
        '{"tokens": ["a", "b"], "tags": ["LOC", "B-LOC"]}\n',
        1,
        "a tag is O, B-TYPE or I-TYPE, was 'LOC'",
    ),
    "tokens-none": (
        T,
        "t.jsonl",
        '{"tokens": [], "tags": []}\n',
        1,
        "at least one token was expected, was none",
    ),
    "spans-overlap": (
        T,
        "t.jsonl",
        SPANS + '[{"start": 0, "end": 6, "label": "A"}, {"start": 5, "end": 9, "label": "B"}]}\n',
        1,
        "disjoint spans were expected, 0-6 and 5-9 overlap",
    ),
    "span-out-of-range": (
        T,
        "t.jsonl",
        SPANS + '[{"start": 5, "end": 10, "label": "A"}]}\n',
        1,
        "a span has 0 <= start < end <= 9 (the text's length), was 5 to 10",
    ),
    "span-backwards": (T, "t.jsonl", SPANS + '[{"start": 4, "end": 4, "label": "A"}]}\n', 1, "was 4 to 4"),
    "span-start-no-number": (T, "t.jsonl", SPANS + '[{"start": "0", "end": 4, "label": "A"}]}\n', 1, "was '0' to 4"),
    "span-key-missing": (
        T,
        "t.jsonl",
        SPANS + '[{"start": 0, "end": 4}]}\n',
        1,
        "a span is an object with start, end and label",
    ),
    "span-label-empty": (
        T,
        "t.jsonl",
        SPANS + '[{"start": 0, "end": 4, "label": " "}]}\n',
        1,
        "a span's label is a string that is not empty, was ' '",
    ),
    "span-blank": (
        T,
        "t.jsonl",
        SPANS + '[{"start": 4, "end": 5, "label": "A"}]}\n',
        1,
        "the span 4-5 covers only white space",
    ),
    "spans-no-list": (
        T,
        "t.jsonl",
        SPANS + '{"start": 0}}\n',
        1,
        "spans is a list of objects with start, end and label",
    ),
    "score-out-of-range": (
        S,
        "t.csv",
        "sentence1,sentence2,score\na,b,0.5\na,b,4.5\n",
        3,
        "a score from 0 to 1 was expected, was 4.5 (set score_range)",
    ),
    "score-no-number": (S, "t.csv", "sentence1,sentence2,score\na,b,high\n", 2, "score is a number, was 'high'"),
    "score-nan": (S, "t.csv", "sentence1,sentence2,score\na,b,nan\n", 2, "score is a finite number, was 'nan'"),
    "score-infinite": (
        S,
        "t.jsonl",
        '{"sentence1": "a", "sentence2": "b", "score": 1e999}\n',
        1,
        "score is a finite number, was inf",
    ),
    "score-null": (
        S,
        "t.jsonl",
        '{"sentence1": "a", "sentence2": "b", "score": null}\n',
        1,
        "score is a number, was nothing",
    ),
    "pair-half-empty": (S, "t.csv", "sentence1,sentence2,score\na,,0.5\n", 2, "sentence2 is empty"),
}


def complaint(path: Path, kind: str, content: bytes | str) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as error:
        read_files(TaskConfig(kind=kind), [str(path)])
    return str(error.value)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_file_and_line(tmp_path: Path, name: str):
    kind, file, content, line, gist = BROKEN[name]
    message = complaint(tmp_path / file, kind, content)
    where = f"{tmp_path / file}:{line}: " if line else f"{tmp_path / file}: "
    assert message.startswith(where)
    assert gist in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="a readable file was expected: No such file or directory"):
        read_files(TaskConfig(kind=C), [str(tmp_path / "none.csv")])


def test_a_parquet_row_is_counted_from_one(tmp_path: Path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", " "], "label": ["x", "y"]}), path)
    with pytest.raises(DataError) as error:
        read_files(TaskConfig(kind=C), [str(path)])
    assert str(error.value) == f"{path}:row 2: text is empty"


@pytest.mark.parametrize("label", ["1.5", "null", "[1, 2]", "{}"])
def test_a_label_that_is_neither_text_nor_whole_number_nor_boolean_is_refused(tmp_path: Path, label: str):
    message = complaint(tmp_path / "t.jsonl", C, f'{{"text": "a", "label": {label}}}\n')
    assert message.startswith(f"{tmp_path / 't.jsonl'}:1: label is ")


def test_a_number_too_large_for_a_float_is_refused(tmp_path: Path):
    content = '{"sentence1": "a", "sentence2": "b", "score": 1' + "0" * 400 + "}\n"
    assert complaint(tmp_path / "t.jsonl", S, content).startswith(f"{tmp_path / 't.jsonl'}:1: score is ")


def test_json_nested_without_end_is_refused(tmp_path: Path):
    message = complaint(tmp_path / "t.jsonl", C, "[" * 100_000 + "\n")
    assert message.startswith(f"{tmp_path / 't.jsonl'}:1: a JSON object was expected")


def test_a_column_named_twice_is_refused(tmp_path: Path):
    message = complaint(tmp_path / "t.csv", C, "text,label,label\na,x,y\n")
    assert message.startswith(f"{tmp_path / 't.csv'}:1: ")


def test_two_spans_in_one_word_are_both_read(tmp_path: Path):
    spans = '[{"start": 0, "end": 2, "label": "A"}, {"start": 2, "end": 4, "label": "B"}]}\n'
    (tmp_path / "t.jsonl").write_text(SPANS + spans)
    (example,) = read_files(TaskConfig(kind=T), [str(tmp_path / "t.jsonl")])
    expected = (TypedSpan(0, 2, "A"), TypedSpan(2, 4, "B"))
    assert example.char_spans() == expected
    assert example.units().char_spans()[0] == expected[0]
    assert [span.label for span in example.units().char_spans()] == ["A", "B"]


def test_a_hash_with_a_blank_and_a_tag_is_not_dropped_in_silence(tmp_path: Path):
    (tmp_path / "t.conll").write_text("# O\nfun B-X\n")
    (example,) = read_files(TaskConfig(kind=T), [str(tmp_path / "t.conll")])
    assert example.tags == ("O", "B-X")


@pytest.mark.parametrize("file", ["t.json", "t.jsonl"])
def test_half_characters_of_json_are_replaced_wherever_they_stand(tmp_path: Path, file: str):
    records = [
        '{"te\\udc00xt": 1, "text": "x\\uD800y", "label": "a\\ud83d"}',
        '{"text": "\\ud83d\\ude00", "label": "b"}',
    ]
    content = f"[{', '.join(records)}]" if file == "t.json" else "\n".join(records)
    (tmp_path / file).write_text(content)
    first, second = read_files(TaskConfig(kind=C), [str(tmp_path / file)])
    assert (first.text, first.label, second.text) == ("x\ufffdy", "a\ufffd", "😀")


def test_numbers_that_python_does_not_read_are_refused_in_one_sentence(tmp_path: Path):
    for file, content in (("t.json", '[{"text": "a", "label": %s}]'), ("t.jsonl", '{"text": "a", "label": %s}\n')):
        (tmp_path / file).write_text(content % ("9" * 100_000))
        with pytest.raises(DataError, match="digits were expected|a JSON object was expected"):
            read_files(TaskConfig(kind=C), [str(tmp_path / file)])
