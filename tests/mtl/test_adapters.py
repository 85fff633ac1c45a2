"""Low-rank adapters: no change at first, all that trains in the backbone, all that is stored of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mtl.adapters import adapter_parameters, add_adapters
from mtl.checkpoint import read_config
from mtl.checkpoint.store import LoadedModel
from mtl.encoder import load_backbone
from mtl.inference import Engine
from tests.mtl.encoder.batches import batch_of
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin
from tests.tiny import ARCHITECTURES, EXACT, LAYERS

TEXTS = ["Anna met Tom in Paris.", "a very bad film", "", "The team won the match in Berlin, didn't it?"]
RANK = 3


@dataclass(frozen=True)
class Run:
    """A run that trained adapters and the head of names; the topic's head was frozen."""

    model: LoadedModel
    folder: Path

    @property
    def stored(self) -> dict[str, torch.Tensor]:
        return load_file(self.folder / "last" / "model.safetensors")


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("lora")
    recipe = quick_recipe(
        tiny_bert,
        folder,
        freezing={"preset": "lora", "rank": RANK, "frozen_heads": "topic"},
        budget={"epochs": 1000, "max_steps": 12, "batch_tokens": 64},
        optimizer={"backbone_lr": 1e-2, "head_lr": 1e-2},
    )
    trainer, events = begin(recipe, folder)
    for _ in events:
        pass
    return Run(trainer.loaded, folder)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_fresh_adapters_change_nothing(backbone_folder: Callable[[str], Path], architecture: str):
    backbone = load_backbone(str(backbone_folder(architecture)))
    batch = batch_of(backbone, TEXTS)
    before = backbone.encoder(batch).hidden
    add_adapters(backbone.encoder, rank=RANK)
    backbone.encoder.eval()
    torch.testing.assert_close(backbone.encoder(batch).hidden, before, rtol=0, atol=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_linear_map_of_the_layers_gets_two_small_matrices(
    backbone_folder: Callable[[str], Path], architecture: str
):
    encoder = load_backbone(str(backbone_folder(architecture))).encoder
    maps = [m for layer in encoder.parts().layers for m in layer.modules() if isinstance(m, nn.Linear)]
    others = sum(p.numel() for p in encoder.parameters())
    add_adapters(encoder, rank=RANK)
    own = list(adapter_parameters(encoder))
    assert sum(p.numel() for p in own) == RANK * sum(m.in_features + m.out_features for m in maps)
    assert sum(p.numel() for p in encoder.parameters()) == others + sum(p.numel() for p in own)
    assert encoder.adapter_rank == RANK


def test_a_run_leaves_the_backbones_own_weights_bit_equal(run: Run, tiny_bert: Path):
    base = dict(load_backbone(str(tiny_bert)).encoder.named_parameters(prefix="encoder"))
    found = {name.replace(".base_layer.", "."): p for name, p in run.model.model.named_parameters()}
    assert base.keys() <= found.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in base.items())


def test_a_run_changes_the_adapters_of_every_map(run: Run):
    second = [tensor for name, tensor in run.stored.items() if ".lora_B." in name]
    assert len(second) == 6 * LAYERS
    assert all(tensor.abs().max() > 0 for tensor in second)  # they begin as zeros


def test_a_checkpoint_holds_adapters_and_heads_alone(run: Run):
    names = set(run.stored)
    assert {name.split(".")[1] for name in names if not name.startswith("encoder.")} == {"topic", "names"}
    assert all(".lora_" in name for name in names if name.startswith("encoder."))
    assert read_config(run.folder / "last").adapter_rank == RANK


def test_a_checkpoint_predicts_as_the_model_that_was_trained(run: Run, tiny_bert: Path):
    before = Engine.of(run.model, name="memory").analyze(TEXTS)
    after = Engine.load(run.folder / "last", **EXACT).analyze(TEXTS)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other.embedding, one.embedding, rtol=0, atol=1e-6)
        assert other.classes["topic"] == pytest.approx(one.classes["topic"], abs=1e-6)
        assert [(e["word"], e["start"]) for e in other.entities["names"]] == [
            (e["word"], e["start"]) for e in one.entities["names"]
        ]
    untouched = Engine.load(tiny_bert, **EXACT).encode(TEXTS)
    assert not np.allclose(untouched, [analysis.embedding for analysis in after], atol=1e-3)


def test_a_checkpoint_with_adapters_can_be_trained_on(run: Run, tmp_path: Path):
    freezing = {"preset": "lora", "rank": RANK}
    _, events = begin(quick_recipe(run.folder / "last", tmp_path, freezing=freezing), tmp_path / "on")
    for _ in events:
        pass
    names = set(load_file(tmp_path / "on" / "last" / "model.safetensors"))
    assert names == set(run.stored)
