"""The temperature that a run fits at each evaluation is that of the weights it saves, also after an interruption."""

import math
from pathlib import Path

import pytest

import mtl
from mtl.checkpoint.config import read_config
from mtl.errors import TrainingError
from mtl.model import MultiTaskModel
from mtl.runs import Evaluated
from mtl.training import accumulation
from mtl.training.losses import BatchLoss, batch_loss
from mtl.training.resume import load_state
from mtl.training.session import STATE
from mtl.training.train_set import TrainBatch
from tests.mtl.recipes import recipe_of


def test_a_run_that_goes_on_keeps_its_temperatures(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    budget = {"epochs": 100, "max_steps": 8, "batch_tokens": 256}
    recipe = recipe_of(tiny_bert, ("topic", "entities"), budget=budget, evaluation={"every": 2})
    for event in mtl.train(recipe, folder=tmp_path):
        if isinstance(event, Evaluated) and event.step == 4:
            break
    kept = load_state(tmp_path / STATE).progress
    assert kept.step == 2
    assert set(kept.temperatures) == {"topic", "entities"} and 1 not in kept.temperatures.values()

    def not_finite(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        return BatchLoss({name: loss * math.nan for name, loss in batch_loss(model, batch).tasks.items()}, None)

    monkeypatch.setattr(accumulation, "batch_loss", not_finite)
    with pytest.raises(TrainingError):  # the weights of the kept state are saved without another evaluation
        list(mtl.train(recipe, folder=tmp_path, resume=True))
    config = read_config(tmp_path / "last")
    assert config.step == kept.step
    assert {name: task.temperature for name, task in config.tasks.items()} == kept.temperatures
