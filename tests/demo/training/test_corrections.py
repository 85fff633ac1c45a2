import pytest
from hypothesis import given

from demo.training.corrections import Correction, Corrections, checked, checked_set
from mtl.data import read_files
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind
from tests.demo.fakes import settings
from tests.mtl.data.generated import label_sets

TEXT = "Ann met Bo in Ulm"
TYPES = ("LOC", "PER")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))


def own(owner: str = "me", **how: object) -> Corrections:
    return Corrections(owner, settings(**{"training": "capped", **how}))


def test_corrections_are_kept_and_the_last_word_about_a_text_counts():
    own().keep("topic", Correction("a", label="x"))
    own().keep("topic", Correction("b", label="y"))
    own().keep("topic", Correction("a", label="z"))
    assert own().of("topic") == (Correction("a", label="z"), Correction("b", label="y"))
    assert own().of("entities") == ()


def test_what_is_dropped_counts_no_more_but_stays_in_the_file():
    own().keep("topic", Correction("a", label="x"))
    own().forget("topic", "a")
    assert own().of("topic") == ()
    assert '"x"' in own().file("topic").read_text()


def test_strangers_corrections_are_apart_where_runs_are_private():
    own("me").keep("topic", Correction("a", label="x"))
    assert own("you").of("topic") == ()
    own("me", training="full").keep("topic", Correction("b", label="x"))
    assert own("you", training="full").of("topic") == (Correction("b", label="x"),)


def test_a_line_that_a_crash_cut_off_is_no_correction():
    own().keep("topic", Correction("a", label="x"))
    with own().file("topic").open("a") as file:
        file.write('{"text": "b", "la')
    assert own().of("topic") == (Correction("a", label="x"),)
    own().keep("topic", Correction("c", label="x"))
    assert own().of("topic") == (Correction("a", label="x"), Correction("c", label="x"))


@given(labels=label_sets())
def test_corrections_to_labels_of_any_characters_come_back(labels):
    task = f"t{len(labels)}"
    for i, label in enumerate(labels):
        own().keep(task, Correction(f"text {i}", label=label))
        own().keep(f"{task}s", Correction(f"text {i}", spans=(TypedSpan(0, 4, label),)))
    assert [kept.label for kept in own().of(task)[: len(labels)]] == labels
    assert [kept.spans[0].label for kept in own().of(f"{task}s")[: len(labels)]] == labels


def test_kept_spans_are_a_file_that_training_reads():
    correction = Correction(TEXT, spans=(TypedSpan(0, 3, "PER"), TypedSpan(14, 17, "LOC")))
    own().keep("entities", correction)
    (example,) = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(own().file("entities"))])
    assert example.char_spans() == correction.spans
    assert own().of("entities") == (correction,)


def test_spans_are_widened_to_whole_words_and_ordered():
    spans = [TypedSpan(15, 16, "LOC"), TypedSpan(0, 2, "PER")]
    assert checked(TEXT, TaskKind.TAGGING, TYPES, spans).spans == (TypedSpan(0, 3, "PER"), TypedSpan(14, 17, "LOC"))


def test_two_entities_in_one_word_stay_two():
    spans = (TypedSpan(0, 3, "LOC"), TypedSpan(3, 7, "PER"), TypedSpan(12, 15, "PER"))
    correction = checked("NewYork met Bob", TaskKind.TAGGING, TYPES, spans)
    assert correction.spans == spans
    own().keep("names", correction)
    assert own().of("names") == (correction,)
    (example,) = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(own().file("names"))])
    assert example.char_spans() == spans


@pytest.mark.parametrize(
    ("kind", "answer", "says"),
    [
        (TaskKind.CLASSIFICATION, "z", "One of LOC, PER was expected, was 'z'"),
        (TaskKind.TAGGING, [TypedSpan(0, 3, "ORG")], "One of LOC, PER was expected, was 'ORG'"),
        (TaskKind.TAGGING, [TypedSpan(0, 5, "PER"), TypedSpan(4, 10, "PER")], "0–5 and 4–10 overlap"),
        (TaskKind.TAGGING, [TypedSpan(3, 4, "PER")], "A span with a word was expected, 3–4 has none"),
    ],
)
def test_an_answer_that_the_head_cannot_learn_is_refused(kind, answer, says):
    with pytest.raises(InputError, match=says):
        checked(TEXT, kind, TYPES, answer)


@given(labels=label_sets(min_size=0))
def test_corrections_to_sets_of_labels_of_any_characters_come_back(labels):
    correction = checked_set("a text", labels, list(reversed(labels)))
    own().keep("tones", correction)
    (kept,) = own().of("tones")
    assert kept == Correction("a text", labels=tuple(sorted(labels)))
    (example,) = read_files(TaskConfig(kind="classification", multi_label=True), [str(own().file("tones"))])[-1:]
    assert example == correction.example()


@pytest.mark.parametrize("answer", [None, "a", ["c"], [["a"]], [None], {"a": 1}])
def test_a_set_of_other_labels_is_refused(answer):
    with pytest.raises(InputError, match=r"Labels of a, b were expected"):
        checked_set("a text", ("a", "b"), answer)
