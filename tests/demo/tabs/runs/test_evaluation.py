"""The columns of a file that a run is evaluated on."""

from types import SimpleNamespace

import pytest

from demo.tabs.column_choice import NO_COLUMN
from demo.tabs.runs import evaluation
from demo.training.measuring import Measured
from mtl.recipe import TaskKind
from mtl.runs import RunFolder
from tests.demo.fakes import settings, write_config


@pytest.fixture
def shared(tmp_path):
    folder = RunFolder(tmp_path / "run")
    write_config(folder, topic=TaskKind.CLASSIFICATION, names=TaskKind.TAGGING, pairs=TaskKind.SIMILARITY)
    return SimpleNamespace(settings=settings(), runs=SimpleNamespace(get=lambda run, owner: folder))


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ("topic", ["remark", "label", None, None]),
        ("names", [None] * 4),
        ("pairs", ["remark", None, "label", NO_COLUMN]),
    ],
)
def test_the_columns_of_a_file_are_those_of_the_kind_of_task(shared, tmp_path, task, found):
    file = tmp_path / "t.csv"
    file.write_text("id;remark;label\n1;the soup was cold;x\n2;good bread, thanks;y\n")
    choices = evaluation._look(shared, "ann", "run", task, str(file))
    assert [choice.value for choice in choices] == found


def test_what_is_chosen_is_measured(shared, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(evaluation, "measure", lambda *given: asked.append(given) or Measured({}, None))
    monkeypatch.setattr(evaluation, "measured_table", str)
    evaluation._evaluate(shared, "ann", "run", "topic", "t.csv", "remark", "mood", None, NO_COLUMN)
    assert asked[0][-1] == {"text": "remark", "label": "mood"}
