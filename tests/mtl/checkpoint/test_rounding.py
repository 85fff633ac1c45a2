"""The figures of a checkpoint are those of its weights as they are stored, in half precision too."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

import mtl
from mtl import Engine
from mtl.checkpoint import read_config
from mtl.checkpoint.rounding import as_stored
from mtl.checkpoint.store import LoadedModel, Snapshot, load, save
from mtl.data import read_files
from mtl.recipe import Recipe, parse
from mtl.runs import Event, Step
from mtl.training import set_up
from tests.mtl.recipes import DEFAULTS, quick_recipe, write_easy_labels
from tests.tiny import EXACT

HALF, WHOLE = {"dtype": "float16"}, {"dtype": "float32"}
WAYS: dict[str, dict[str, object]] = {
    "full": {"freezing": {"preset": "full"}},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}},
    "heads_only": {"freezing": {"preset": "heads_only"}},
    "lora": {"freezing": {"preset": "lora", "rank": 2}},
    "gradual": {"freezing": {"preset": "gradual"}},
    "one_head_frozen": {"freezing": {"preset": "one_head_frozen", "frozen_heads": ["names"]}},
}


@pytest.fixture
def make(tiny_bert: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe of all kinds of tasks, with evaluations before and at the end."""

    def make(backbone: Path = tiny_bert, **sections: object) -> Recipe:
        budget = {"epochs": 1000, "max_steps": 12, "batch_tokens": 256}
        base = quick_recipe(backbone, tmp_path)
        tasks = {name: task.model_dump(mode="json", exclude_unset=True) for name, task in base.tasks.items()}
        tasks["about"] = write_easy_labels(tmp_path, rounds=20)
        content = {"backbone": str(backbone), "tasks": tasks, **DEFAULTS, "budget": budget, "evaluation": {"every": 5}}
        return parse(content | sections, folder=tmp_path)

    return make


def values(loaded: LoadedModel) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in loaded.model.named_parameters()}


def need_equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_model_is_for_a_while_what_its_checkpoint_is(
    make: Callable[..., Recipe], tmp_path: Path, way: str, dtype: torch.dtype
):
    loaded = set_up(make(**WAYS[way])).loaded
    next(loaded.model.heads.parameters()).data.view(-1)[0] = 1e6  # beyond float16, so stored as it is
    before = values(loaded)
    with pytest.raises(KeyError), as_stored(loaded, dtype):
        inside = values(loaded)
        raise KeyError
    need_equal(values(loaded), before)
    save(loaded, tmp_path / "checkpoint", Snapshot(1, {}, {}, dtype))
    need_equal(values(load(tmp_path / "checkpoint")), inside)


def need_true_figures(checkpoint: Path, recipe: Recipe) -> None:
    engine, config = Engine.load(checkpoint, **EXACT), read_config(checkpoint)
    for name, task in recipe.tasks.items():
        own = {key.removeprefix(f"eval/{name}/"): v for key, v in config.metrics.items() if f"eval/{name}/" in key}
        assert own == pytest.approx(engine.evaluate(name, read_files(task, task.dev)), abs=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_the_stored_figures_are_those_of_the_stored_weights(make: Callable[..., Recipe], tmp_path: Path, way: str):
    recipe = make(**WAYS[way], checkpoint=HALF)
    list(mtl.train(recipe, folder=tmp_path / "run"))
    for name in ("best", "last"):
        need_true_figures(tmp_path / "run" / name, recipe)


def test_figures_of_frozen_layers_that_a_checkpoint_trained_are_those_of_the_stored_weights(
    make: Callable[..., Recipe], tmp_path: Path
):
    """They are stored too, so rounded; what is cached of them is that of the rounded ones."""
    list(mtl.train(make(checkpoint=WHOLE), folder=tmp_path / "first"))
    for way in ("heads_only", "last_layers"):
        recipe = make(tmp_path / "first" / "last", **WAYS[way], checkpoint=HALF)
        list(mtl.train(recipe, folder=tmp_path / way))
        need_true_figures(tmp_path / way / "last", recipe)


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


@pytest.mark.parametrize("way", ["full", "gradual"])
def test_training_does_not_change_by_it(make: Callable[..., Recipe], tmp_path: Path, way: str):
    whole, half = (make(**WAYS[way], checkpoint=stored) for stored in (WHOLE, HALF))
    expected = losses(list(mtl.train(whole)))
    assert losses(list(mtl.train(half))) == expected
    found: list[Event] = []
    run = mtl.train(half, folder=tmp_path / "run")
    while not (found and isinstance(found[-1], Step) and found[-1].step == 7):
        found.append(next(run))
    run.close()  # a state was kept after step 5
    before = [event for event in found if event.step <= 5]
    assert losses([*before, *mtl.train(half, folder=tmp_path / "run", resume=True)]) == expected
