import pytest

from demo.training import suspects
from demo.training.corrections import Correction, Corrections
from demo.training.suspects import SuspectLabel, SuspectList, accept, find, undecided
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.runs import RunFolder
from tests.demo.fakes import settings

TEXT = "Anna met Tom in Rome"
ANNA, TOM, ROME = TypedSpan(0, 4, "PER"), TypedSpan(9, 12, "PER"), TypedSpan(16, 20, "LOC")


def spans_suspect(given, suggested, start, end):
    sides = (Correction(TEXT, spans=side) for side in (given, suggested))
    return SuspectLabel("train", 1, 0.1, *sides, start, end)


@pytest.fixture
def corrections(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    return Corrections("ann", settings())


def test_an_accepted_class_becomes_a_correction(corrections):
    accept(SuspectLabel("train", 1, 0.1, Correction("a", label="x"), Correction("a", label="y")), "topic", corrections)
    assert corrections.of("topic") == (Correction("a", label="y"),)


def test_two_suspect_spans_of_a_text_are_accepted_one_after_the_other(corrections):
    given = (ANNA, TypedSpan(9, 12, "LOC"))
    accept(spans_suspect(given, (ANNA, TOM), 9, 12), "names", corrections)
    assert corrections.of("names") == (Correction(TEXT, spans=(ANNA, TOM)),)
    accept(spans_suspect(given, (*given, ROME), 16, 20), "names", corrections)
    assert corrections.of("names") == (Correction(TEXT, spans=(ANNA, TOM, ROME)),)


def test_a_span_that_is_too_much_is_taken_away(corrections):
    accept(spans_suspect((ANNA, TypedSpan(5, 8, "LOC"), TOM), (ANNA, TOM), 5, 8), "names", corrections)
    assert corrections.of("names") == (Correction(TEXT, spans=(ANNA, TOM)),)


@pytest.mark.parametrize(
    ("task", "given", "suggested"),
    [
        ("topic", Correction(TEXT, label="a"), Correction(TEXT, label="b")),
        ("about", Correction(TEXT, labels=("a",)), Correction(TEXT, labels=())),
        ("names", Correction(TEXT, spans=(ANNA,)), Correction(TEXT)),
    ],
)
def test_what_the_command_writes_is_read_as_corrections_of_the_task(tmp_path, monkeypatch, task, given, suggested):
    (tmp_path / "t.csv").write_text("text,label\nx,a\ny,b\n")
    run = RunFolder(tmp_path / "run")
    run.create()
    kinds = "topic: {kind: classification, train: T}, about: {kind: classification, multi_label: true, train: T}"
    text = f"tasks: {{{kinds}, names: {{kind: tagging, train: T}}}}".replace("T}", f"{tmp_path / 't.csv'}}}")
    run.recipe.write_text(text)
    plain = {"a": ["a"], "b": ["b"], None: []}
    spans = [[{"start": s.start, "end": s.end, "label": s.label} for s in side.spans] for side in (given, suggested)]
    sides = spans if task == "names" else [plain.get(s.label) or list(s.labels or ()) for s in (given, suggested)]
    one = {
        "part": "dev",
        "row": 2,
        "text": TEXT,
        "score": 0.2,
        "given": sides[0],
        "suggested": sides[1],
        "start": 0,
        "end": 4,
    }
    answer = [{"task": task, "suspects": [one], "total": 5, "examples": 9, "notes": ["n"]}]
    asked = []

    class Fake:
        def __init__(self, arguments, *, settings, work):
            asked.append(arguments)

        def answer(self, *, seconds):
            return answer

    monkeypatch.setattr(suspects, "Command", Fake)
    found = find(run, "run", task, settings())
    assert (found.total, found.examples, found.notes) == (5, 9, ("n",))
    assert found.suspects == (SuspectLabel("dev", 2, 0.2, given, suggested, 0, 4),)
    assert asked == [["suspects", str(run.path), "--task", task, "--most", "100"]]
    with pytest.raises(InputError, match="Choose a task"):
        find(run, "run", None, settings())


def test_what_is_corrected_already_is_no_suspect_any_more(corrections):
    tom, rome = spans_suspect((ANNA,), (ANNA, TOM), 9, 12), spans_suspect((ANNA,), (ANNA, ROME), 16, 20)
    found = SuspectList("run", "names", (tom, rome), 2, 9)
    assert undecided(found, corrections) == found
    accept(rome, "names", corrections)
    assert undecided(found, corrections).suspects == (tom,)
    accept(tom, "names", corrections)
    assert undecided(found, corrections).suspects == ()
    one = SuspectLabel("train", 1, 0.1, Correction("a", label="x"), Correction("a", label="y"))
    classes = SuspectList("run", "topic", (one,), 1, 9)
    corrections.keep("topic", Correction("a", label="z"))
    assert undecided(classes, corrections) == classes
    accept(one, "topic", corrections)
    assert undecided(classes, corrections).suspects == ()
