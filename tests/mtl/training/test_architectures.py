"""Every architecture with every freezing preset: trained, saved, loaded, and run by every backend."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import mtl
from mtl.checkpoint.store import load
from mtl.errors import RecipeError
from mtl.inference import Engine
from mtl.inference.backends import openvino
from mtl.runs import Finished
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin
from tests.mtl.training.test_starts import PRESETS, TEXTS, answers, assert_equal
from tests.tiers import pairs, slow_except
from tests.tiny import ARCHITECTURES

EVERY = (*ARCHITECTURES, "albert-shared")
Folder = Callable[[str], Path]
SECTIONS: dict[str, object] = {
    "budget": {"epochs": 1000, "max_steps": 2, "batch_tokens": 64},
    "sampling": {"schedule": "round_robin"},
    "tasks_names": {"head": {"layers": "mix"}},
}


@pytest.mark.parametrize(("architecture", "preset"), pairs(EVERY, list(PRESETS), every=4))
def test_a_run_trains_what_it_should_and_its_checkpoint_is_the_model_in_memory(
    backbone_folder: Folder, tmp_path: Path, architecture: str, preset: str
):
    freezing = PRESETS[preset]
    if architecture == "albert-shared" and preset == "probe_then_finetune":
        freezing = {"preset": preset}  # it has a single layer to name
    recipe = quick_recipe(backbone_folder(architecture), tmp_path, ("topic", "names"), freezing=freezing, **SECTIONS)
    trainer, events = begin(recipe, tmp_path / "run")
    before = {name: p.detach().clone() for name, p in trainer.loaded.model.named_parameters()}
    assert isinstance(list(events)[-1], Finished)
    after = dict(trainer.loaded.model.named_parameters())
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed <= {name for name, p in after.items() if p.requires_grad}
    assert bool(changed) == (preset != "all_frozen")
    found = dict(load(tmp_path / "run" / "last").model.named_parameters())
    assert found.keys() == after.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in after.items())


@pytest.mark.parametrize("architecture", slow_except(EVERY, "bert", "modernbert", "t5", "albert-shared"))
def test_every_backend_answers_as_the_model_that_was_trained(
    backbone_folder: Folder, tmp_path: Path, architecture: str
):
    recipe = quick_recipe(backbone_folder(architecture), tmp_path, ("topic", "names"), **SECTIONS)
    trainer, events = begin(recipe, tmp_path / "run")
    list(events)
    expected = answers(trainer.loaded)
    assert_equal(answers(tmp_path / "run" / "last"), expected)
    if openvino.is_installed():
        found = Engine.load(tmp_path / "run" / "last", backend="openvino", precision="fp32").analyze(TEXTS)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.embedding, other.embedding, rtol=0, atol=1e-3)
            assert one.classes["topic"] == pytest.approx(other.classes["topic"], abs=1e-3)


def test_layers_that_share_their_weights_cannot_be_trained_apart(backbone_folder: Folder, tmp_path: Path):
    freezing = {"preset": "last_layers", "layers": 2}
    recipe = quick_recipe(backbone_folder("albert-shared"), tmp_path, ("topic",), freezing=freezing)
    with pytest.raises(RecipeError, match=r"^freezing.layers: at most 1 \(.*\) was expected, was 2$"):
        next(mtl.train(recipe))
