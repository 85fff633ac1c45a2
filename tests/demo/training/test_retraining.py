"""One head of the starter trained on corrections: what it learns, what it forgets, and what stays to the bit."""

from dataclasses import replace

import pytest

import mtl
from demo.answers.scoring import typed_spans
from demo.inputs.examples import rehearsal_texts
from demo.training.corrections import Correction
from demo.training.retraining import Head, retraining_recipe
from mtl.checkpoint.store import load
from mtl.data import read_files
from mtl.errors import InputError
from mtl.inference.source import STARTER_FOLDER
from mtl.labels import TypedSpan
from mtl.recipe import TaskKind
from mtl.training import run_in_folder
from tests.demo.fakes import FakeTask, analysis, settings

SPANS = {
    "The Beatles beat Paris in the cup, said Jordan.": {"The Beatles": "ORG", "Paris": "ORG", "Jordan": "PER"},
    "We met Siri Larsen at Café Berlin near the Rhine Bridge.": {
        "Siri Larsen": "PER",
        "Café Berlin": "ORG",
        "Rhine Bridge": "LOC",
    },
    "My neighbour May drives a Tesla to Reading each April.": {"May": "PER", "Tesla": "ORG", "Reading": "LOC"},
}
CORRECTIONS = tuple(
    Correction(text, spans=tuple(TypedSpan(text.index(w), text.index(w) + len(w), kind) for w, kind in spans.items()))
    for text, spans in SPANS.items()
)


@pytest.fixture(scope="module")
def starter() -> mtl.Engine:
    return mtl.Engine.load("starter", precision="fp32")


@pytest.fixture(scope="module")
def retrained(starter, tmp_path_factory):
    """The run folder of the tagging head of the starter, trained alone on three corrections."""
    head = Head("entities", TaskKind.TAGGING, STARTER_FOLDER)
    recipe = retraining_recipe(head, starter, CORRECTIONS, settings(training="capped"))
    folder = tmp_path_factory.mktemp("retrained") / "run"
    for _ in run_in_folder(recipe, folder):
        pass
    return folder


@pytest.mark.slow
def test_three_corrected_texts_are_right_that_were_wrong_before(starter, retrained):
    texts = list(SPANS)
    expected = [correction.spans for correction in CORRECTIONS]
    before = [typed_spans(found["entities"]) for found in starter.tag(texts)]
    after = [typed_spans(found["entities"]) for found in mtl.Engine.load(retrained / "best").tag(texts)]
    assert all(found != right for found, right in zip(before, expected, strict=True))
    assert after == expected


@pytest.mark.slow
def test_everything_but_the_tagging_head_is_equal_to_the_bit(retrained):
    before = load(STARTER_FOLDER).model.state_dict()
    after = load(retrained / "best").model.state_dict()
    changed = {name for name, tensor in before.items() if not tensor.equal(after[name])}
    assert set(before) == set(after)
    assert changed
    assert all(name.startswith("heads.entities.") for name in changed)
    assert any(name.startswith("heads.topic.") for name in before)


@pytest.mark.slow
def test_other_answers_stay_nearly_as_they_were(starter, retrained):
    unseen = [text for text in rehearsal_texts() if text not in SPANS][-100:]
    before = [typed_spans(found["entities"]) for found in starter.tag(unseen)]
    engine = mtl.Engine.load(retrained / "best", precision="fp32")  # as before: only the training differs
    after = [typed_spans(found["entities"]) for found in engine.tag(unseen)]
    assert sum(a == b for a, b in zip(before, after, strict=True)) >= 90


@pytest.mark.slow
def test_a_class_can_be_corrected_too(starter, tmp_path):
    text = "The river gave the town its name."
    (before,) = starter.classify([text])
    wrong = min(before["topic"], key=lambda label: before["topic"][label])
    head = Head("topic", TaskKind.CLASSIFICATION, STARTER_FOLDER)
    recipe = retraining_recipe(head, starter, [Correction(text, label=wrong)], settings(training="capped"))
    assert list(recipe.tasks) == ["topic"]
    for _ in run_in_folder(recipe, tmp_path / "run"):
        pass
    (after,) = mtl.Engine.load(tmp_path / "run" / "best").classify([text])
    assert max(after["topic"], key=lambda label: after["topic"][label]) == wrong


def test_nothing_to_learn_from_is_said(starter):
    with pytest.raises(InputError, match="Correct at least one text first"):
        retraining_recipe(Head("entities", TaskKind.TAGGING, STARTER_FOLDER), starter, (), settings())


def test_corrections_made_for_a_head_with_other_labels_are_named(starter):
    odd = Correction("Ann runs.", spans=(TypedSpan(0, 3, "HERO"),))
    with pytest.raises(InputError, match="LOC, ORG, PER were expected for entities, some are to HERO"):
        retraining_recipe(Head("entities", TaskKind.TAGGING, STARTER_FOLDER), starter, [odd], settings())


class Several:
    """A model with a multi-label head that chooses a label for every text."""

    tasks = {"tone": FakeTask(TaskKind.CLASSIFICATION, ("dry", "loud"), multi_label=True)}

    def analyze(self, sentences):
        scores = {"dry": 0.9, "loud": 0.1}
        return [replace(analysis(text), classes={"tone": scores}, labels={"tone": ("dry",)}) for text in sentences]


def test_sets_of_labels_are_learned_beside_those_that_the_head_chooses(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    head = Head("tone", TaskKind.CLASSIFICATION, STARTER_FOLDER)
    corrections = [Correction("One.", labels=("dry", "loud")), Correction("Two.", labels=())]
    recipe = retraining_recipe(head, Several(), corrections, settings(training="capped"))
    task = recipe.tasks["tone"]
    assert task.multi_label
    assert recipe.evaluation.best == "tone/subset_accuracy"
    examples = read_files(task, task.train)
    assert {example for example in examples if example.labels != ("dry",)} == {c.example() for c in corrections}
    assert sum(example.labels == ("dry",) for example in examples) > 100
    assert read_files(task, task.dev) == examples  # thresholds are chosen on all of them


def test_corrections_of_another_form_are_named():
    head = Head("tone", TaskKind.CLASSIFICATION, STARTER_FOLDER)
    with pytest.raises(InputError, match="Corrections to sets of labels were expected for tone, some are not"):
        retraining_recipe(head, Several(), [Correction("One.", label="dry")], settings(training="capped"))
