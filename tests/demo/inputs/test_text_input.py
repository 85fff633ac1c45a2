import dataclasses
import re

import pytest

from demo.inputs.text_input import lines_of, one_text, read_sentences
from demo.runs.shown import sentence_of
from mtl.errors import InputError, MtlError
from tests.demo.fakes import settings

SMALL = dataclasses.replace(settings(), max_sentences=3, max_file_sentences=3, max_characters=100, max_upload_mb=0.001)


def test_blank_lines_are_skipped_and_lone_surrogates_replaced():
    assert lines_of("a\n\n  \n b \ud83d\n", SMALL) == ("a", "b \ufffd")


@pytest.mark.parametrize("text", ["", "  \n \n"])
def test_no_sentence_is_refused(text):
    with pytest.raises(InputError, match="at least one sentence"):
        lines_of(text, SMALL)


def test_too_many_sentences_and_too_many_characters_are_refused_with_both_numbers():
    with pytest.raises(InputError, match="At most 3 sentences.*4"):
        lines_of("a\nb\nc\nd", SMALL)
    with pytest.raises(InputError, match="At most 100 characters.*101"):
        lines_of("x" * 101, SMALL)
    with pytest.raises(InputError, match="At most 100 characters"):
        one_text("x" * 101, SMALL)


def test_a_csv_gives_texts_and_groups(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('text,group\n"one, two",x\nthree,\n', encoding="utf-8")
    found = read_sentences(file, SMALL)
    assert found.texts == ("one, two", "three")
    assert found.groups == ("x", "none")


def test_a_text_in_two_lines_of_a_csv_field_becomes_one_line(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('text\n"one\ntwo"\n', encoding="utf-8")
    assert read_sentences(file, SMALL).texts == ("one two",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.exe", b"x", "of type"),
        ("a.txt", b"\x81\xff\n", "UTF-8"),
        ("a.txt", b"x" * 2000, "MB"),
        ("a.csv", b"sentence\nx\n", r"^a.csv:1: the columns text were expected"),
        ("a.csv", b"", r"^a.csv:1: a header with text was expected"),
        ("a.csv", b"text\n", "at least one sentence"),
        ("a.txt", b"a\nb\nc\nd\n", "at most 3 sentences were expected, the file has more"),
        ("a.csv", b"text,n\na, b,1\n", r"^a.csv:2: 2 fields"),
        ("a.jsonl", b"{\n", r"^a.jsonl:1: a JSON object"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(MtlError) as caught:
        read_sentences(file, SMALL)
    assert re.search(message, sentence_of(caught.value))


@pytest.mark.parametrize("content", [b"PAR1", b"PK\x03\x04", b"\x78\x9c"])
def test_a_public_page_takes_no_packed_file_under_another_ending(tmp_path, content):
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(MtlError, match="not compressed"):
        read_sentences(file, settings(space=True))


@pytest.mark.parametrize("broken", [1, 50, 99])
def test_an_unclosed_quote_costs_one_text_and_is_named(tmp_path, broken):
    lines = [f'{i},"a text, {i}"' for i in range(1, 101)]
    lines[broken - 1] = f'{broken},"never closed'
    (tmp_path / "a.csv").write_text("\n".join(["id,text", *lines]) + "\n")
    found = read_sentences(tmp_path / "a.csv", settings())
    assert found.texts == tuple(f"a text, {i}" for i in range(1, 101) if i != broken)
    assert found.notes == (
        f"1 row is left out: a.csv:{broken + 1}: valid CSV was expected: a quote is opened and never closed",
    )


def test_a_row_that_is_wrong_costs_no_other_and_the_first_are_named(tmp_path):
    rows = ["one,x", "a, b,1", ",x", "c, d,1", ",y", "two,y"]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    found = read_sentences(tmp_path / "a.csv", settings())
    assert (found.texts, found.groups) == (("one", "two"), ("x", "y"))
    assert [row.text for row in found.rows] == ["one", None, None, None, None, "two"]
    assert [note.split(" ")[5] for note in found.notes[:-1]] == ["a.csv:3:", "a.csv:4:", "a.csv:5:"]
    assert found.notes[-1] == "1 more row is left out"


def test_columns_can_be_chosen(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text;Kommentar;stimmung\n1;Die Suppe war kalt.;schlecht\n2;Gutes Brot, danke.;gut\n")
    found = read_sentences(file, settings(), {"text": "Kommentar", "label": "stimmung"})
    assert found.texts == ("Die Suppe war kalt.", "Gutes Brot, danke.")
    assert found.groups == ("schlecht", "gut")
    assert read_sentences(file, settings(), {"text": "text", "label": ""}).groups is None
