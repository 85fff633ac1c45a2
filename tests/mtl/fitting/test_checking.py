"""What `fit_heads` is given is checked at its door: one sentence, or it works and can be saved."""

import math
from pathlib import Path

import numpy as np
import pytest

import mtl
from mtl.data import LabelledText, MultiLabelText, TaggedText
from mtl.data.examples import tagged
from mtl.errors import DataError, InputError, MtlError
from mtl.fitting import FitOptions, Stopping
from mtl.inference import Engine
from mtl.labels import TypedSpan
from mtl.text import Span, WordedText
from tests.tiny import EXACT

WORDS = (Span(0, 3), Span(4, 8))


def single(text, label):
    return LabelledText(text, label)


def several(text, label):
    return MultiLabelText(text, (label,))


def spans(text, label):
    return TaggedText(WordedText(text, WORDS), (f"B-{label}" if isinstance(label, str) else label, "O"))


KINDS = {"single": single, "several": several, "spans": spans}
EACH = pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)
GOOD = ("the film", "a")


@EACH
@pytest.mark.parametrize("label", [1, None, "", " ", b"a", ("a",), 1.5, True], ids=repr)
@pytest.mark.parametrize("at", [0, 1])
def test_a_label_that_is_no_label_is_one_sentence(engine, made, label, at):
    examples = [made(*GOOD)]
    examples.insert(at, made("food bad", label))
    with pytest.raises(DataError, match=rf"^s: example {at + 1}: "):
        mtl.fit_heads(engine, {"s": examples})


@EACH
@pytest.mark.parametrize("text", [None, 3, b"the film", ["the", "film"]], ids=repr)
def test_a_text_that_is_no_text_is_one_sentence(engine, made, text):
    with pytest.raises(DataError, match=r"^s: example 2: a text was expected, was "):
        mtl.fit_heads(engine, {"s": [made(*GOOD), made(text, "b")]})


@pytest.mark.parametrize(
    "example",
    [
        MultiLabelText("the film", "ab"),
        MultiLabelText("the film", None),
        TaggedText("the film", ("B-a", "O")),
        TaggedText(WordedText("the film", None), ("B-a", "O")),
        TaggedText(WordedText("the film", (Span(0, 3), (4, 8))), ("B-a", "O")),
        TaggedText(WordedText("the film", (Span(0, 3), Span(4, None))), ("B-a", "O")),
        TaggedText(WordedText("the film", (Span(0, 3), Span(4, 99))), ("B-a", "O")),
        TaggedText(WordedText("the film", (Span(4, 8), Span(0, 3))), ("B-a", "O")),
        TaggedText(WordedText("the film", WORDS), ("B-a",)),
        TaggedText(WordedText("the film", WORDS), ("X-a", "O")),
        TaggedText(WordedText("the film", WORDS), "BO"),
        TaggedText(WordedText("the film", WORDS), None),
    ],
    ids=repr,
)
def test_an_example_of_no_shape_is_one_sentence(engine, example):
    with pytest.raises(DataError, match="^s: example 1: "):
        mtl.fit_heads(engine, {"s": [example]})


@EACH
@pytest.mark.parametrize(
    "form", [tuple, iter, lambda examples: (e for e in examples)], ids=["tuple", "iter", "generator"]
)
def test_examples_may_come_from_anything_that_gives_them(engine, made, form):
    examples = [made(*GOOD), made("food bad", "b")]
    assert mtl.fit_heads(engine, {"s": form(examples)}).tasks["s"].labels == ("a", "b")


@pytest.mark.parametrize("data", [None, [], [LabelledText("x", "a")], "text", 3], ids=repr)
def test_data_that_are_no_mapping_are_one_sentence(engine, data):
    with pytest.raises(DataError, match="a mapping from the names of tasks to their examples was expected"):
        mtl.fit_heads(engine, data)


@pytest.mark.parametrize("examples", [None, "text", b"x", 3, {"x": "a"}, ["text"], [("x", "a")], [None]], ids=repr)
def test_examples_that_are_none_are_one_sentence(engine, examples):
    with pytest.raises(DataError, match="^s: "):
        mtl.fit_heads(engine, {"s": examples})


@pytest.mark.parametrize("name", [None, 1, ("a",), "", "a b"], ids=repr)
def test_a_name_that_no_task_may_have_is_one_sentence(engine, name):
    with pytest.raises(DataError, match="name of a task"):
        mtl.fit_heads(engine, {name: [LabelledText("x", "a")]})


@EACH
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"s": ["a"]}, "s: example 2: one of its labels a was expected, was 'b'"),
        ({"s": []}, "s: labels: at least one label was expected, there are none"),
        ({"s": ()}, "s: labels: at least one label was expected, there are none"),
        ({"s": "ab"}, "s: labels: a sequence of strings was expected, was 'ab'"),
        ({"s": None}, "s: labels: a sequence of strings was expected, was None"),
        ({"s": ["a", "b", 1]}, "s: labels: a label is a string that is not blank, was 1"),
        ({"s": ["a", "b", "b"]}, "s: at least one label, each once"),
        ({"t": ["a", "b"]}, "labels: a task that has examples was expected (s), was 't'"),
        ({"s": ["a", "b"], "t": ["a"]}, "labels: a task that has examples was expected"),
        (["a", "b"], "labels: a mapping from the names of tasks to their labels was expected, was list"),
    ],
    ids=repr,
)
def test_labels_that_do_not_fit_the_examples_are_one_sentence(engine, made, labels, said):
    with pytest.raises(DataError) as error:
        mtl.fit_heads(engine, {"s": [made(*GOOD), made("food bad", "b")]}, labels=labels)
    assert said in str(error.value)


@EACH
def test_given_labels_may_come_from_anything_that_gives_them(engine, made):
    found = mtl.fit_heads(engine, {"s": [made(*GOOD)]}, labels={"s": iter(["b", "a"])})
    assert found.tasks["s"].labels == ("b", "a")


WRONG = (math.nan, math.inf, -math.inf, -1, None, "1", True)


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    "made",
    [
        lambda value: FitOptions(l2=value),
        lambda value: Stopping(iterations=value),
        lambda value: Stopping(gradient=value),
        lambda value: Stopping(value=value),
    ],
    ids=["l2", "iterations", "gradient", "value"],
)
def test_an_option_that_is_no_number_in_its_range_is_one_sentence(made, value):
    with pytest.raises(InputError, match="was expected, was"):
        made(value)


@pytest.mark.parametrize(
    "made",
    [
        lambda: FitOptions(l2=0),
        lambda: FitOptions(balanced=1),
        lambda: FitOptions(stopping=5),
        lambda: Stopping(iterations=0),
        lambda: Stopping(iterations=2.0),
    ],
)
def test_other_options_out_of_range_are_one_sentence(made):
    with pytest.raises(InputError, match="expected, was"):
        made()


def test_options_may_be_numbers_of_numpy():
    assert FitOptions(l2=np.float32(2), balanced=np.bool_(True), stopping=Stopping(iterations=np.int64(3))).l2 == 2


@pytest.mark.parametrize("options", [None, 10.0, {"l2": 1.0}], ids=repr)
def test_options_that_are_none_are_one_sentence(engine, options):
    with pytest.raises(InputError, match="^options: FitOptions were expected"):
        mtl.fit_heads(engine, {"s": [single(*GOOD)]}, options=options)


@EACH
@pytest.mark.parametrize("where", ["label", "text", "labels"])
def test_halves_of_characters_are_read_as_everywhere_and_saved(engine, made, where, tmp_path):
    half = "\ud800"
    examples = [
        made(*GOOD),
        made(f"foo{half}bad " if where == "text" else "food bad", f"b{half if where != 'text' else ''}"),
    ]
    labels = {"s": ["a", f"b{half}"]} if where == "labels" else None
    found = mtl.fit_heads(engine, {"s": examples}, labels=labels)
    assert found.tasks["s"].labels == ("a", "b" if where == "text" else "b\ufffd")
    assert found.save(tmp_path / "saved") == tmp_path / "saved"
    assert Engine.load(tmp_path / "saved", **EXACT).tasks == found.tasks
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_span_of_a_half_character_keeps_its_place(engine):
    text = "Ann \ud800 Bob"
    found = mtl.fit_heads(engine, {"s": [tagged(text, [TypedSpan(6, 9, "PER")])] * 4}, options=FitOptions(l2=0.01))
    assert [(e["start"], e["end"]) for e in found.tag([text])[0]["s"]] == [(6, 9)]


def test_a_checkpoint_that_cannot_be_written_leaves_nothing_beside_it(
    engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = mtl.fit_heads(engine, {"s": [single(*GOOD)]})
    found.save(tmp_path / "saved")
    before = (tmp_path / "saved" / "model.safetensors").read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mtl.checkpoint.store.write_sample", refuse)
    with pytest.raises(MtlError, match="No space left on device"):
        found.save(tmp_path / "saved")
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    assert (tmp_path / "saved" / "model.safetensors").read_bytes() == before
