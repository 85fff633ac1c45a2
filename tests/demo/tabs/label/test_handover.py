import pytest

from demo.inputs import kept_drafts
from demo.inputs.drafts import TaskUpload
from demo.tabs.label import handover
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec
from mtl.recipe import TaskKind
from tests.demo.tabs.label.test_cards import TEXTS, desk

__all__ = ["desk"]
LABELS = (LabelHint("sports"), LabelHint("travel", "trains"))


@pytest.fixture
def work(desk):  # noqa: F811
    """A project of this name that is labelled."""

    def make(task):
        project = desk.projects.create(TEXTS, ProjectSpec(task, ProjectKind.CLASSES, LABELS), owner="")
        made = desk.work("", "starter", project.id, "ann", "mix")
        made.session.accept("ann", {number: "sports" if number % 2 else "travel" for number in range(len(TEXTS))})
        return made

    return make


def upload(work, name, folder):
    file = folder / f"{name}.jsonl"
    file.write_text("".join(f'{{"text": "text {i}", "label": "{"ab"[i % 2]}"}}\n' for i in range(12)))
    settings = work.desk.shared.settings
    kept_drafts.add_task(TaskUpload(name, TaskKind.CLASSIFICATION, file, None), owner="", settings=settings)


def ticked(work, before):
    return handover._add(work, before)[0].value


def test_a_later_hand_over_takes_the_place_of_the_earlier_ones_of_its_project(work):
    own = work("intent")
    assert ticked(own, ["topic"]) == ["topic", "intent"]
    assert ticked(own, ["topic", "intent"]) == ["topic", "intent_2"]
    assert ticked(own, ["intent", "intent_2", "gone"]) == ["intent_3"]


def test_tasks_of_others_stay_ticked_whatever_their_names(work, tmp_path):
    own = work("ner2")
    upload(own, "ner1", tmp_path)
    assert ticked(own, ["ner1"]) == ["ner1", "ner2"]
    built_in = work("topic")
    assert ticked(built_in, ["topic", "ner2"]) == ["topic", "ner2", "topic_2"]
    assert ticked(built_in, ["topic", "ner2", "topic_2"]) == ["topic", "ner2", "topic_3"]
