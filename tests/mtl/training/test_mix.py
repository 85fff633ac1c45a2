"""A head that reads a mix of all layers or one below the last, from training to use."""

from pathlib import Path

import pytest

from mtl.data import read_files
from mtl.errors import RecipeError
from mtl.fitting.attaching import attach_heads, linear_head
from mtl.inference import Engine
from mtl.recipe import Recipe
from mtl.training import run_in_folder, set_up
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin, events_of, losses, scores
from tests.tiny import EXACT

MIX = {"head": {"layers": "mix"}}
BELOW = {"head": {"layers": 2}}
FROZEN = {"preset": "heads_only"}


@pytest.fixture(params=[MIX, BELOW], ids=["mix", "below"])
def recipe(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return quick_recipe(tiny_bert, tmp_path, ("topic", "names"), tasks_names=request.param, freezing=FROZEN)


def _run(recipe: Recipe, folder: Path) -> None:
    for _ in run_in_folder(recipe, folder):
        pass


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


def test_the_layers_above_the_one_that_is_read_learn_nothing_from_it(tiny_bert: Path, tmp_path: Path):
    sections = {"freezing": {"preset": "full"}, "anchor": 0, "optimizer": {"weight_decay": 0}}
    recipe = quick_recipe(tiny_bert, tmp_path, ("names",), tasks_names=BELOW, **sections)
    trainer, run = begin(recipe)
    layers = trainer.loaded.model.encoder.parts().layers
    before = [[p.detach().clone() for p in layer.parameters()] for layer in layers]
    list(run)
    moved = [
        any((p != old).any() for p, old in zip(layer.parameters(), own, strict=True))
        for layer, own in zip(layers, before, strict=True)
    ]
    assert moved == [True, True, *(False for _ in layers[2:])]


def test_a_checkpoint_keeps_its_layer_and_a_fitted_head_its_own(tiny_bert: Path, tmp_path: Path):
    _run(quick_recipe(tiny_bert, tmp_path, ("names",), tasks_names=BELOW), tmp_path / "run")
    more = quick_recipe(tmp_path / "run" / "last", tmp_path, ("names",), freezing={"preset": "full"})
    _run(more, tmp_path / "more")
    engine = Engine.load(tmp_path / "more" / "last", **EXACT)
    assert engine.tasks["names"].head.layers == 2
    head = linear_head(engine.loaded_model().model, "names")
    again = attach_heads(engine, {"names": head})
    assert again.tasks["names"].head.layers == 2 and again.tag(["anna met tom"]) == engine.tag(["anna met tom"])


def test_a_layer_that_the_backbone_has_not_is_refused(tiny_bert: Path, tmp_path: Path):
    head = {"head": {"layers": 9}}
    with pytest.raises(RecipeError, match=r"tasks.names.head.layers: a layer .* from 1 to 3 was expected, was 9"):
        set_up(quick_recipe(tiny_bert, tmp_path, ("names",), tasks_names=head))
