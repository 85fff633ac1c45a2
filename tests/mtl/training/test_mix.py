"""A head that mixes all layers, from training to use."""

from pathlib import Path

import pytest

from mtl.data import read_files
from mtl.inference import Engine
from mtl.recipe import Recipe
from mtl.training import run_in_folder
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin, events_of, losses, scores
from tests.tiny import EXACT

MIX = {"head": {"layers": "mix"}}
FROZEN = {"preset": "heads_only"}


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return quick_recipe(tiny_bert, tmp_path, ("topic", "names"), tasks_names=MIX, freezing=FROZEN)


def test_training_from_summaries_equals_training_from_passes(recipe: Recipe, monkeypatch: pytest.MonkeyPatch):
    # Dropout of the heads draws for W words in both; the losses differ by the rounding of what is kept.
    kept = losses(events_of(recipe))
    direct = losses(events_of(recipe.model_copy(update={"cache": recipe.cache.model_copy(update={"enabled": False})})))
    assert [loss for _, loss in kept] == pytest.approx([loss for _, loss in direct], abs=2e-3)


@pytest.mark.parametrize("freezing", [{"preset": "full"}, {"preset": "last_layers", "layers": 1}])
def test_it_trains_with_the_backbone_too(tiny_bert: Path, tmp_path: Path, freezing: dict[str, object]):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("names",), tasks_names=MIX, freezing=freezing))
    before = trainer.loaded.model.heads["names"].mix.scores.detach().clone()
    list(run)
    assert (trainer.loaded.model.heads["names"].mix.scores != before).all()


def test_its_checkpoint_predicts_as_it_was_measured(recipe: Recipe, tmp_path: Path):
    events = list(run_in_folder(recipe, tmp_path / "run"))
    engine = Engine.load(tmp_path / "run" / "last", **EXACT)
    measured = scores(events, "eval/names/f1")[-1]
    task = recipe.tasks["names"]
    found = engine.evaluate("names", list(read_files(task, task.dev)))
    assert found["f1"] == pytest.approx(measured, abs=0.02)
