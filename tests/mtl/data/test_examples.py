"""Tagged texts and their units."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.data import TaggedText, read_files
from mtl.data.examples import tagged as from_spans
from mtl.data.examples import tags_from_chars
from mtl.labels import TypedSpan, to_bio2
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import detokenize, split_words

EXAMPLES = Path(__file__).parents[3] / "examples"


def tagged(words: str, tags: str) -> TaggedText:
    return TaggedText(detokenize(words.split()), tuple(tags.split()))


def test_entities_have_the_offsets_of_their_words_in_the_text():
    example = tagged("Mr. O'Neil -Smith left St. Ives .", "O B-PER I-PER O B-LOC I-LOC O")
    assert [(example.text[s.start : s.end], s.label) for s in example.char_spans()] == [
        ("O'Neil -Smith", "PER"),
        ("St. Ives", "LOC"),
    ]


def test_the_units_of_a_word_take_over_its_entity():
    units = tagged("U.S. troops left", "B-LOC O O").units()
    assert units.tags == ("B-LOC", "I-LOC", "I-LOC", "I-LOC", "O", "O")


def test_the_units_of_neighbouring_entities_each_begin_anew():
    units = tagged("O'Neil U.K. won", "B-PER B-LOC O").units()
    assert units.tags == ("B-PER", "I-PER", "I-PER", "B-LOC", "I-LOC", "I-LOC", "I-LOC", "O")


def test_a_unit_that_an_entity_covers_in_part_belongs_to_it():
    words = split_words("unbelievable Parisians")
    assert tags_from_chars(words, [TypedSpan(13, 18, "LOC")]) == ("O", "B-LOC")


def test_spans_may_come_in_any_order():
    words = split_words("Anna left Rome")
    spans = [TypedSpan(10, 14, "LOC"), TypedSpan(0, 4, "PER")]
    assert tags_from_chars(words, spans) == ("B-PER", "O", "B-LOC")


@given(
    st.lists(
        st.tuples(st.text("aZ.'é-9", min_size=1, max_size=5), st.sampled_from(["O", "B-X", "I-X", "I-Y"])), max_size=8
    )
)
def test_units_keep_every_entity_of_the_words(pairs: list[tuple[str, str]]):
    example = TaggedText(detokenize([word for word, _ in pairs]), to_bio2([tag for _, tag in pairs]))
    kept, wanted = example.units().char_spans(), example.char_spans()
    assert [span.label for span in kept] == [span.label for span in wanted]
    assert all(k.start <= w.start and k.end >= w.end for k, w in zip(kept, wanted, strict=True))


@pytest.mark.parametrize("name", ["train.conll", "dev.conll"])
def test_training_words_and_raw_text_are_cut_alike(name: str):
    examples = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(EXAMPLES / "entities" / name)])
    assert len(examples) > 40
    for example in examples:
        assert isinstance(example, TaggedText)
        assert example.units().worded.words == split_words(example.text)
        assert example.units().char_spans() == example.char_spans()


@pytest.mark.parametrize("separator", ["\x1c", "\x1d", "\x1e", "\x1f"])
def test_entities_around_a_separator_that_splits_no_word_stay_two(separator: str):
    example = from_spans(f"f{separator}\u00c1hl", (TypedSpan(0, 1, "LOC"), TypedSpan(3, 4, "PER")))
    assert [span.label for span in example.units().char_spans()] == ["LOC", "PER"]
