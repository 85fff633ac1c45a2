import dataclasses
import re

import pytest

from demo.answers.gold import read_labelled, read_tagged
from demo.runs.shown import sentence_of
from mtl.errors import MtlError
from mtl.labels import TypedSpan
from tests.demo.fakes import settings

SMALL = dataclasses.replace(settings(), max_file_sentences=2)


def written(tmp_path, name: str, content: str):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return file


def test_a_column_label_says_what_is_right(tmp_path):
    sentences, gold = read_labelled(written(tmp_path, "a.tsv", "text\tlabel\none\tx\ntwo\t3\n"), SMALL)
    assert sentences.texts == ("one", "two")
    assert gold.labels == ("x", "3")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.conll", "Ann\tB-PER\nmet\tO\nBo\tB-PER\n.\tO\n"),
        ("a.jsonl", '{"tokens": ["Ann", "met", "Bo", "."], "tags": ["B-PER", "O", "B-PER", "O"]}\n'),
        (
            "a.jsonl",
            '{"text": "Ann met Bo.", "spans": [{"start": 0, "end": 3, "label": "PER"}, '
            '{"start": 8, "end": 10, "label": "PER"}]}\n',
        ),
    ],
)
def test_entities_are_read_in_offsets_of_the_text(tmp_path, name, content):
    sentences, gold = read_tagged(written(tmp_path, name, content), SMALL)
    assert sentences.texts == ("Ann met Bo.",)
    assert gold.spans == ((TypedSpan(0, 3, "PER"), TypedSpan(8, 10, "PER")),)


@pytest.mark.parametrize(
    ("name", "content"), [("a.txt", "one\n\ntwo\n"), ("a.jsonl", '{"text": "one"}\n{"text": "two"}')]
)
def test_texts_alone_bring_no_answers(tmp_path, name, content):
    sentences, gold = read_tagged(written(tmp_path, name, content), SMALL)
    assert sentences.texts == ("one", "two")
    assert gold.spans is None


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.conll", "Ann\tB-PER\nmet\tX-LOC\n", r"^a\.conll:2: .*X-LOC"),
        ("a.conll", "a\tO\n\nb\tO\n\nc\tO\n", r"^a\.conll: at most 2 texts were expected, the file has more"),
        ("a.exe", "x", "of type"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path, name, content, says):
    with pytest.raises(MtlError) as caught:
        read_tagged(written(tmp_path, name, content), SMALL)
    assert re.search(says, sentence_of(caught.value))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"text": "one", "labels": ["y", "x"]}\n{"text": "two", "labels": []}\n'),
        ("a.csv", "text,labels\none,x|y\ntwo,\n"),
        ("a.csv", "text,x,y\none,1,1\ntwo,0,0\n"),
    ],
)
def test_sets_of_labels_say_what_is_right(tmp_path, name, content):
    if name == "a.csv" and "|" in content:
        content += "three,x|y\nfour,x|y\n"  # labels that come again
    sentences, gold = read_labelled(written(tmp_path, name, content), settings())
    assert sentences.texts[:2] == ("one", "two")
    assert gold.label_sets[:2] == (("x", "y"), ())
    assert gold.labels is None
