"""Checkpoints of random models."""

from dataclasses import replace
from pathlib import Path

import torch

from mtl.adapters import add_adapters
from mtl.checkpoint.store import Snapshot, build, save
from mtl.encoder import load_backbone
from mtl.model import TaskInfo
from mtl.recipe.choices import Pooling
from tests.mtl.inference.engines import model_of


def saved_model(
    backbone: Path,
    folder: Path,
    *,
    tasks: dict[str, TaskInfo] | None = None,
    pooling: Pooling | None = None,
    max_length: int | None = None,
    rank: int | None = None,
) -> Path:
    """A checkpoint whose last layer differs from the backbone, or that has adapters of a rank."""
    wanted = tasks or model_of(backbone).model.tasks
    torch.manual_seed(1)
    loaded = build(load_backbone(str(backbone), pooling=pooling, max_length=max_length), wanted)
    for name, head in loaded.model.heads.items():
        if wanted[name].kind == "tagging":
            head.output.weight.data.mul_(8)
    encoder = loaded.model.encoder
    encoder.requires_grad_(False)
    if rank is not None:
        add_adapters(encoder, rank=rank)
        trained = {n: p for n, p in encoder.named_parameters() if ".lora_" in n}
    else:
        trained = dict(encoder.parts().layers[-1].named_parameters())
    for parameter in trained.values():
        parameter.requires_grad_(True)
        parameter.data += 0.1 * torch.randn_like(parameter)
    save(replace(loaded), folder, Snapshot(step=1, metrics={}, recipe={}))
    return folder
