"""Learning rates by depth and over time."""

from pathlib import Path

import pytest
import torch

from mtl.encoder import load_backbone
from mtl.freezing import FreezePlan, Freezer
from mtl.model import MultiTaskModel, TaskInfo
from mtl.optim import build_optimization
from mtl.recipe import HeadConfig, OptimizerConfig, TaskKind
from tests.tiny import LAYERS

CONFIG = OptimizerConfig(backbone_lr=1e-3, head_lr=1e-2, layer_decay=0.5, weight_decay=0.1, warmup=0.2)


@pytest.fixture
def model(tiny_bert: Path) -> MultiTaskModel:
    task = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig(shared="early"))
    return MultiTaskModel(load_backbone(str(tiny_bert)).encoder, {"topic": task})


def settings(model: MultiTaskModel, config: OptimizerConfig = CONFIG) -> dict[str, tuple[float, float]]:
    """The first learning rate (without warm-up) and the weight decay of every tensor held."""
    optimizer = build_optimization(model, config, total_steps=10).optimizer
    names = {id(p): name for name, p in model.named_parameters()}
    groups = optimizer.param_groups
    return {names[id(p)]: (g["initial_lr"], g["weight_decay"]) for g in groups for p in g["params"]}


def test_every_trained_tensor_is_held_once(model: MultiTaskModel):
    optimizer = build_optimization(model, CONFIG, total_steps=10).optimizer
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


def test_heads_learn_at_their_own_rate_and_layers_slower_with_depth(model: MultiTaskModel):
    rates = {name: rate for name, (rate, _) in settings(model).items()}
    assert rates["heads.topic.output.weight"] == rates["shared.early.0.weight"] == 1e-2
    layers = [rates[f"encoder.model.encoder.layer.{i}.output.dense.weight"] for i in range(LAYERS)]
    assert layers == pytest.approx([1e-3 * 0.5 ** (LAYERS - 1 - i) for i in range(LAYERS)])
    assert rates["encoder.model.embeddings.word_embeddings.weight"] == pytest.approx(1e-3 * 0.5**LAYERS)


def test_biases_and_layer_norms_have_no_weight_decay(model: MultiTaskModel):
    for name, (_, decay) in settings(model).items():
        assert decay == (0.0 if name.endswith("bias") or "LayerNorm" in name else 0.1), name


def test_frozen_tensors_are_not_held(model: MultiTaskModel):
    Freezer(model, FreezePlan(1, False, frozenset()))
    held = set(settings(model))
    assert held == {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any("embeddings" in name or "layer.0." in name for name in held)


@pytest.mark.parametrize(("warmup", "steps"), [(0.2, 10), (0.0, 4), (0.5, 3), (0.9, 1)])
def test_the_rate_rises_in_the_warm_up_and_falls_to_zero(model: MultiTaskModel, warmup: float, steps: int):
    optimization = build_optimization(model, CONFIG.model_copy(update={"warmup": warmup}), total_steps=steps)
    rates = [optimization.step() for _ in range(steps)]
    rising = round(warmup * steps)
    assert rates == pytest.approx(
        [1e-2 * ((i + 1) / (rising + 1) if i < rising else (steps - i) / (steps - rising)) for i in range(steps)]
    )
    assert all(rate > 0 for rate in rates)
    assert optimization.step() == 0


def test_a_step_limits_the_gradients_norm_and_clears_it(model: MultiTaskModel):
    optimization = build_optimization(model, CONFIG, total_steps=10)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    norms: list[float] = []
    optimization.optimizer.register_step_pre_hook(
        lambda *_: norms.append(torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item())
    )
    assert optimization.clip_gradients(0.7) > 0.7
    optimization.step()
    assert norms == pytest.approx([0.7], rel=1e-4)
    assert all(p.grad is None for p in model.parameters())
