"""What is written reads back equal: texts byte for byte, words and tags."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl.data import TaggedText, read_files, record_of, write_examples
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import Span, WordedText, detokenize
from tests.mtl.data.generated import examples


@pytest.mark.parametrize("kind", examples)
@settings(max_examples=150)
@given(data=st.data())
def test_any_examples_are_read_back_as_they_were(tmp_path: Path, kind: str, data: st.DataObject):
    written = tuple(data.draw(st.lists(examples[kind], min_size=1, max_size=4)))
    file = tmp_path / "examples.jsonl"
    write_examples(file, written)
    assert read_files(config_of(kind), [str(file)]) == written


def config_of(kind: str) -> TaskConfig:
    several = kind == "multi-label"
    return TaskConfig(kind="classification" if several else kind, multi_label=several)


def test_words_of_a_corpus_keep_their_text():
    words = (Span(0, 2), Span(3, 7), Span(8, 12))
    example = TaggedText(WordedText("In U.S. news", words), ("O", "B-LOC", "O"))
    assert record_of(example) == {
        "text": "In U.S. news",
        "words": [[0, 2], [3, 7], [8, 12]],
        "tags": ["O", "B-LOC", "O"],
    }


def test_usual_words_are_written_as_spans_that_other_programs_read():
    example = TaggedText(detokenize(["Ann", "left", "Bern"]), ("B-PER", "O", "B-LOC"))
    assert record_of(example)["spans"] == [
        {"start": 0, "end": 3, "label": "PER"},
        {"start": 9, "end": 13, "label": "LOC"},
    ]


@pytest.mark.parametrize(
    ("row", "gist"),
    [
        ({"words": [[0, 2], [1, 3]], "tags": ["O", "O"]}, "words in order and disjoint were expected"),
        ({"words": [[2, 3], [0, 1]], "tags": ["O", "O"]}, "words in order and disjoint were expected"),
        ({"words": [[0, 4]], "tags": ["O"]}, "words is a list of [start, end] with 0 <= start < end <= 3"),
        ({"words": [[1, 1]], "tags": ["O"]}, "words is a list of [start, end]"),
        ({"words": [[0]], "tags": ["O"]}, "words is a list of [start, end]"),
        ({"words": "abc", "tags": ["O"]}, "words is a list of [start, end]"),
        ({"words": [[0, 3]], "tags": []}, "as many tags as tokens were expected, were 1 and 0"),
        ({"words": [[0, 3]], "tags": ["X-A"]}, "a tag is O, B-TYPE or I-TYPE, was 'X-A'"),
    ],
)
def test_wrong_words_are_refused_with_their_line(tmp_path: Path, row: dict[str, object], gist: str):
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"text": "abc", **row}))
    with pytest.raises(DataError) as caught:
        read_files(TaskConfig(kind=TaskKind.TAGGING), [str(file)])
    assert str(caught.value).startswith(f"{file}:1: {gist}")


def test_a_sample_of_before_which_has_tokens_is_still_read(tmp_path: Path):
    file = tmp_path / "names.jsonl"
    file.write_text('{"tokens": ["In", "U.S.", "news"], "tags": ["O", "B-LOC", "O"]}\n')
    (example,) = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(file)])
    assert example == TaggedText(detokenize(["In", "U.S.", "news"]), ("O", "B-LOC", "O"))


SPAN_ROW = '{"text": "Anna left", "spans": [{"start": 0, "end": 4, "label": "O"}]}\n'


@pytest.mark.parametrize("content", ["Anna\tB-O\nleft\tO\n", SPAN_ROW])
def test_a_type_of_the_name_o_is_an_entity_unless_the_recipe_maps_it(tmp_path: Path, content: str):
    file = tmp_path / ("a.jsonl" if content.startswith("{") else "a.conll")
    file.write_text(content)
    for rename, tags in (({}, ("B-O", "O")), ({"O": "X"}, ("B-X", "O")), ({"O": "O"}, ("O", "O"))):
        (example,) = read_files(TaskConfig(kind=TaskKind.TAGGING, map_labels=rename), [str(file)])
        assert example.tags == tags
