"""The state of a run: what it holds, and that a trainer gets all of it back."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtl.data import DataFingerprint
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.recipe.choices import Precision
from mtl.runs import Step
from mtl.training import Trainer, set_up
from mtl.training.inputs import RunInputs
from mtl.training.resume import load_state, save_state
from mtl.training.selection import Selection
from mtl.training.state import Progress, apply, capture
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin

INPUTS = RunInputs({"topic": ("a", "b")}, {"topic": DataFingerprint("1f", 3, "2f", 2)}, "abc")
PROGRESS = Progress(
    3, 1.5, Precision.BF16, INPUTS, 2, {"eval/topic/accuracy": 0.1}, {"topic": [0.25]}, Selection(0.1, 2, {"a": 0.1}, 1)
)


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    return quick_recipe(tiny_bert, tmp_path, balancing="uncertainty")


@pytest.fixture
def trainer(recipe: Recipe) -> Iterator[Trainer]:
    """After three steps."""
    trainer, run = begin(recipe)
    next(event for event in run if isinstance(event, Step) and event.step == 3)
    yield trainer
    run.close()


def test_a_state_on_disk_gives_all_of_a_trainer_back(trainer: Trainer, recipe: Recipe, tmp_path: Path):
    state = capture(trainer, PROGRESS)
    save_state(tmp_path / "resume", state)
    torch.manual_seed(99)
    fresh = set_up(recipe)
    kept = load_state(tmp_path / "resume")
    assert kept.progress == PROGRESS
    apply(kept, fresh)
    found = capture(fresh, PROGRESS)
    assert found.scheduler == state.scheduler
    for group, expected in zip(found.optimizer["param_groups"], state.optimizer["param_groups"], strict=True):
        assert {**group, "betas": tuple(group["betas"])} == expected
    for own, expected in (
        (found.model, state.model),
        (found.random, state.random),
        *((found.optimizer["state"][i], moments) for i, moments in state.optimizer["state"].items()),
    ):
        assert own.keys() == expected.keys()
        assert all(torch.equal(own[name], tensor) for name, tensor in expected.items())
    assert {f"weights.log_variances.{name}" for name in recipe.tasks} <= state.model.keys()


def test_a_state_holds_the_random_numbers_of_every_device(trainer: Trainer):
    devices = {"cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))}
    assert devices <= capture(trainer, PROGRESS).random.keys()


def test_a_state_is_safetensors_and_json(trainer: Trainer, tmp_path: Path):
    save_state(tmp_path / "resume", capture(trainer, PROGRESS))
    (place,) = (tmp_path / "resume").iterdir()
    assert {file.name for file in place.iterdir()} == {"state.safetensors", "state.json"}
    assert load_file(place / "state.safetensors")
    assert json.loads((place / "state.json").read_text())["progress"]["step"] == 3


def test_a_tensor_of_another_shape_is_refused_and_not_spread(trainer: Trainer, recipe: Recipe, tmp_path: Path):
    """A tensor of one number would fit everywhere."""
    state = capture(trainer, PROGRESS)
    name = next(name for name, tensor in state.model.items() if tensor.ndim == 1)
    save_state(tmp_path / "resume", replace(state, model={**state.model, name: torch.zeros(1)}))
    with pytest.raises(RunError, match="has another shape"):
        apply(load_state(tmp_path / "resume"), set_up(recipe))
