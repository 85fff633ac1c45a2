"""Dialects of CoNLL: columns, comments, tags."""

from pathlib import Path

import pytest

from mtl.data import TaggedText, TaskLog, read_files
from mtl.data.converting import kind_of
from mtl.data.formats import ReadOptions
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind


def read(path: Path, content: str, **options: object) -> tuple[list[TaggedText], tuple[str, ...]]:
    path.write_text(content, encoding="utf-8")
    log = TaskLog()
    config = TaskConfig.model_validate({"kind": "tagging", **options})
    return [e for e in read_files(config, [str(path)], log=log) if isinstance(e, TaggedText)], log.notes


def words(example: TaggedText) -> list[str]:
    return [example.text[w.start : w.end] for w in example.worded.words]


ROWS = [
    ("Anna", "NNP", "B-NP", "B-PER"),
    ("#", "SYM", "O", "O"),
    ("1", "CD", "B-NP", "O"),
    ("Rome", "NNP", "O", "B-LOC"),
]
TAGS = ("B-PER", "O", "O", "B-LOC")


@pytest.mark.parametrize("separator", ["\t", " ", "   ", " \t"])
@pytest.mark.parametrize(
    "comment", ["", "# sent_id = 4\n# text = Anna # 1 Rome\n", "#global = x y z w\n", "# newdoc\n"]
)
@pytest.mark.parametrize("columns", [(0, 3), (0, 1, 3), (0, 1, 2, 3)])
def test_a_hash_is_a_token_in_any_number_of_columns_and_a_comment_is_none(
    tmp_path: Path, separator: str, comment: str, columns: tuple[int, ...]
):
    lines = "\n".join(separator.join(row[i] for i in columns) for row in ROWS)
    (example,), _ = read(tmp_path / "t.conll", f"{comment}{lines}\n")
    assert (words(example), example.tags) == (["Anna", "#", "1", "Rome"], TAGS)


@pytest.mark.parametrize(
    ("columns", "tags"),
    [
        ({}, TAGS),
        ({"tag": 4}, TAGS),
        ({"tag": -1}, TAGS),
        ({"tag": "4"}, TAGS),
        ({"tag": 3}, ("B-NP", "O", "B-NP", "O")),
        ({"tag": -2}, ("B-NP", "O", "B-NP", "O")),
    ],
)
def test_the_column_of_the_tag_is_chosen_by_number(tmp_path: Path, columns: dict, tags: tuple[str, ...]):
    content = "\n".join(" ".join(row) for row in ROWS)
    (example,), _ = read(tmp_path / "t.conll", content, columns=columns)
    assert example.tags == tags


@pytest.mark.parametrize("header", ["pos\tner\tword\tx\n", "# global.columns = pos ner word x\n"])
@pytest.mark.parametrize(("columns", "tags"), [({}, ("B-PER", "O")), ({"tag": "x", "token": "word"}, ("O", "B-LOC"))])
def test_columns_are_chosen_by_their_names(tmp_path: Path, header: str, columns: dict, tags: tuple[str, ...]):
    content = f"{header}NNP\tB-PER\tAnna\tO\nVB\tO\tleft\tB-LOC\n"
    (example,), _ = read(tmp_path / "t.conll", content, columns=columns)
    assert (words(example), example.tags) == (["Anna", "left"], tags)


@pytest.mark.parametrize(
    ("columns", "gist"),
    [
        ({"tag": 0}, "numbered from 1"),
        ({"tag": "ner"}, "a number, since the file names no"),
        ({"tag": 9}, "t.conll:1: "),
    ],
)
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, columns: dict, gist: str):
    with pytest.raises(DataError, match=gist):
        read(tmp_path / "t.conll", "a\tO\nb\tB-X\n", columns=columns)


def test_words_that_are_counted_are_no_tokens(tmp_path: Path):
    content = "1\t#\tO\tO\n2\tAnna\tB-PER\tO\n\n1\tRome\tB-LOC\tO\n2-3\tx\tO\tO\n"
    examples, notes = read(tmp_path / "t.tsv", content.replace("2-3\tx", "2\tx"))
    assert [e.tags for e in examples] == [("O", "B-PER"), ("B-LOC", "O")]
    assert notes == ("t.tsv: column 1 counts the words; the tag is read from column 3",)


def test_a_corpus_of_numbers_is_not_taken_for_counted_words(tmp_path: Path):
    (example,), _ = read(tmp_path / "t.conll", "1\tCD\tO\n3\tCD\tO\nRome\tNNP\tB-LOC\n")
    assert words(example) == ["1", "3", "Rome"]


def test_non_breaking_spaces_stay_inside_of_tokens(tmp_path: Path):
    for separator in ("\t", " "):
        (example,), _ = read(tmp_path / "t.conll", f"1\u00a0000{separator}O\nRue\u202fX{separator}B-LOC\n")
        assert words(example) == ["1\u00a0000", "Rue\u202fX"]


def test_tabs_at_the_end_of_every_line_mean_nothing(tmp_path: Path):
    (example,), _ = read(tmp_path / "t.conll", "Anna\tB-PER\t\nleft\tO\t\n\t\n")
    assert example.tags == ("B-PER", "O")


@pytest.mark.parametrize(
    ("tags", "expected", "gist"),
    [
        ("PER PER O LOC", ("B-PER", "I-PER", "O", "B-LOC"), "types without B- and I-"),
        ("I-PER I-PER O I-LOC", ("B-PER", "I-PER", "O", "B-LOC"), "no tag begins with B-"),
        ("b-PER i-PER o b-LOC", ("B-PER", "I-PER", "O", "B-LOC"), "in lower case"),
        ("b-per i-per o s-loc", ("B-per", "I-per", "O", "B-loc"), "in lower case"),
    ],
)
def test_tags_of_other_habits_are_read_with_a_note(tmp_path: Path, tags: str, expected: tuple[str, ...], gist: str):
    lines = "\n".join(f"w{i}\t{tag}" for i, tag in enumerate(tags.split()))
    (example,), notes = read(tmp_path / "t.conll", lines)
    assert example.tags == expected
    assert len(notes) == 1
    assert gist in notes[0]


def test_a_comment_among_bare_types_is_no_token(tmp_path: Path):
    (example,), _ = read(tmp_path / "t.conll", "# newdoc\nAnna PER\n# O\nBern LOC\n# PER\n")
    assert (words(example), example.tags) == (["Anna", "#", "Bern", "#"], ("B-PER", "O", "B-LOC", "B-PER"))


def test_one_bare_type_among_others_is_a_mistake_with_its_line(tmp_path: Path):
    with pytest.raises(DataError, match=r"t\.conll:2: a tag is O, B-TYPE or I-TYPE, was 'LOC'"):
        read(tmp_path / "t.conll", "a\tB-PER\nb\tLOC\n")


def test_a_document_mark_of_any_columns_is_no_token(tmp_path: Path):
    for mark in ("-DOCSTART- O", "-DOCSTART- -X- -X- O", "-DOCSTART-\tO", "-DOCSTART- -X- O"):
        examples, _ = read(tmp_path / "t.conll", f"{mark}\n\na X Y B-A\n\n{mark}\n\nb X Y O\n")
        assert [e.text for e in examples] == ["a", "b"]


def test_the_column_of_the_tag_is_told_where_the_beginning_of_a_file_ends_inside_of_a_line(tmp_path: Path):
    """GermEval has a second column for inner entities, which is last."""
    sentence = (
        "#\thttps://example.org\t[2026-03-02]\n1\tLena\tB-PER\tO\n2\tlebt\tO\tO\n3\tin\tO\tO\n4\tBern\tB-LOC\tO\n\n"
    )
    for extra in range(40):  # the beginning ends at each place of a sentence
        content = "#" * extra + "\n\n" + sentence * 700
        examples, notes = read(tmp_path / "t.tsv", content)
        assert len(examples) == 700
        assert {example.tags for example in examples} == {("B-PER", "O", "O", "B-LOC")}
        assert "t.tsv: column 1 counts the words; the tag is read from column 3" in notes


BARE = "Lena PER\nleft O\nBern LOC\n\nNothing O\nhere O\n\n" * 3
BIO = "Lena\tB-PER\nleft\tO\nBern\tB-LOC\n\nNothing\tO\nhere\tO\n\n" * 3


@pytest.mark.parametrize("content", [BARE, BIO], ids=["types", "tags"])
@pytest.mark.parametrize("ending", [".csv", ".txt", ".tsv", ".data", ""])
def test_tokens_with_tags_are_told_by_content(tmp_path: Path, content: str, ending: str):
    file = tmp_path / f"t{ending}"
    examples, _ = read(file, content)
    assert [example.tags for example in examples] == [("B-PER", "O", "B-LOC"), ("O", "O")] * 3
    assert [row.text for row in read_texts(text_source(file))] == ["Lena left Bern", "Nothing here"] * 3
    assert kind_of(file, ReadOptions()) is TaskKind.TAGGING
    for kind in ("classification", "similarity"):
        with pytest.raises(DataError, match=r"a table with .* was expected, these are tokens with tags \(CoNLL\)"):
            read_files(TaskConfig.model_validate({"kind": kind}), [str(file)])


def test_of_a_tag_with_several_types_the_first_is_read(tmp_path: Path):
    (example,), notes = read(tmp_path / "t.conll", "Lena\tB-PER,B-ORG\nWeiss\tI-PER,I-ORG\nleft\tO\n")
    assert example.tags == ("B-PER", "I-PER", "O")
    assert notes == ("t.conll: of tags that name several types, such as B-PER,B-ORG, the first is read",)


@pytest.mark.parametrize("kind", ["tagging", "classification", None])
@pytest.mark.parametrize("ending", [".tsv", ".txt", ".conll"])
def test_webanno_is_refused_with_what_to_export(tmp_path: Path, kind: str | None, ending: str):
    file = tmp_path / f"t{ending}"
    lines = "#Text=Lena left .\n1-1\t0-4\tLena\tPER\t\n1-2\t5-9\tleft\t_\t\n1-3\t10-11\t.\t_\t\n"
    file.write_text(f"#FORMAT=WebAnno TSV 3.3\n#T_SP=ner.NamedEntity|value\n\n\n{lines}")
    with pytest.raises(DataError, match="CoNLL was expected, this is WebAnno TSV; export CoNLL 2003"):
        if kind is None:
            list(read_texts(text_source(file)))
        else:
            read_files(TaskConfig.model_validate({"kind": kind}), [str(file)])
