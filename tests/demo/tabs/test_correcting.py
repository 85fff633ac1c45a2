"""Retraining on corrections of what a model has predicted, without a page."""

from types import SimpleNamespace

import pytest

from demo.answers.engines import GIVEN, Engines
from demo.runs import RunManager
from demo.tabs import correcting
from demo.tabs.results import NO_FILE, predict_step
from demo.training.corrections import Correction
from mtl.errors import InputError
from mtl.recipe import TaskKind
from tests.demo.fakes import FakeModel, FakeTask, settings


class OtherHeads(FakeModel):
    tasks = {"tone": FakeTask(TaskKind.CLASSIFICATION, ("dry", "loud"))}


def test_a_head_of_a_model_that_was_trained_again_is_not_retrained_unseen(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    folder, kinds = tmp_path / "checkpoint", [FakeModel, OtherHeads]
    folder.mkdir()
    (folder / "weights").write_text("first")
    page = settings(checkpoint=str(folder))
    engines = Engines(settings=page, runs=RunManager(page), load=lambda name: kinds.pop(0)())
    shared = SimpleNamespace(settings=page, engines=engines)
    (*_, predicted) = list(predict_step(shared, GIVEN, "", "a\nb", NO_FILE))[-1]
    correcting.keep_correction(shared, "", "topic", Correction("a", label="travel"))
    (folder / "weights").write_text("second")
    with pytest.raises(InputError, match="has changed since these texts were predicted. Press Classify"):
        correcting._retrain(shared, TaskKind.CLASSIFICATION, predicted, "", "topic")
