"""Checkpoints of transformers loaded with their classifier as the head of a task."""

import json

import torch
from safetensors import safe_open
from torch import Tensor, nn

from mtl.backbones import BackboneSource
from mtl.checkpoint.config import CONFIG_FILE, BackboneReference, CheckpointConfig
from mtl.checkpoint.imported import PIPELINE_WORDS, read_labels, record
from mtl.checkpoint.stock_heads import STOCK_HEADS
from mtl.checkpoint.store import LoadedModel, build
from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from mtl.heads import ClassificationHead, TaggingHead
from mtl.recipe.choices import LongTexts, Pooling, TaskKind
from mtl.task import TaskInfo

_NEVER = 30.0
"""How far below the other tags a tag lies that the checkpoint does not have; training can raise it."""


def load_imported(source: BackboneSource, task: TaskInfo) -> LoadedModel:
    """Load the encoder and its head, which read texts as the pipelines of transformers do.

    Raises:
        BackboneError: it is damaged, or its head is not the stock one.
    """
    pooling = Pooling.CLS if task.kind is TaskKind.CLASSIFICATION else None
    loaded = build(load_backbone(source, pooling=pooling), {task.name: task})
    head = loaded.model.heads[task.name]
    if isinstance(head, ClassificationHead):
        stock = STOCK_HEADS[loaded.model.encoder.model.config.model_type]
        _put(head.hidden[0], source, stock.dense)
        _put(head.output, source, stock.output)
    elif isinstance(head, TaggingHead):
        _put_tags(head.output, source, task)
    config = CheckpointConfig(
        backbone=BackboneReference(name=source.name, sha256=source.sha256, local=source.local),
        pooling=loaded.model.encoder.pooling,
        max_length=loaded.tokenizer.max_length,
        tasks=record(task),
        recipe={"words": PIPELINE_WORDS, "long_texts": LongTexts.CUT},
    )
    return LoadedModel(loaded.model, loaded.tokenizer, source, config)


@torch.no_grad()
def _put(module: nn.Module, source: BackboneSource, name: str) -> None:
    assert isinstance(module, nn.Linear)
    weight, bias = _linear(source, name)
    if weight.shape != module.weight.shape:
        expected, was = tuple(module.weight.shape), tuple(weight.shape)
        raise BackboneError(f"{name} of shape {expected} was expected, was {was}", path=source.place)
    module.weight.copy_(weight)
    module.bias.copy_(bias)


@torch.no_grad()
def _put_tags(module: nn.Linear, source: BackboneSource, task: TaskInfo) -> None:
    """Put the rows in the order of the head's tags; a tag without a row is one that no word gets."""
    weight, bias = _linear(source, "classifier")
    labels = read_labels(json.loads((source.folder / CONFIG_FILE).read_text(encoding="utf-8")))
    rows = {label: row for row, label in enumerate(labels)}
    if len(rows) != len(weight) or weight.shape[1] != module.in_features:
        expected, was = (len(rows), module.in_features), tuple(weight.shape)
        raise BackboneError(f"classifier of shape {expected} was expected, was {was}", path=source.place)
    for at, tag in enumerate(task.tags.tags):
        # A plain type goes on as I-X does; what the checkpoint lacks is like its other half, or like all tags together.
        own = rows.get(tag, rows.get(tag[2:]) if tag.startswith("I-") else None)
        other = rows.get(f"{'IB'[tag[0] == 'I']}{tag[1:]}", rows.get(tag[2:]))
        like = own if own is not None else other
        module.weight[at] = weight[like] if like is not None else weight.mean(0)
        module.bias[at] = bias[like] if like is not None else bias.mean()
        if own is None:
            module.bias[at] -= _NEVER


def _linear(source: BackboneSource, name: str) -> tuple[Tensor, Tensor]:
    return _tensor(source, f"{name}.weight"), _tensor(source, f"{name}.bias")


def _tensor(source: BackboneSource, name: str) -> Tensor:
    for file in sorted(source.folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as tensors:
            if name in tensors.keys():  # noqa: SIM118
                found: Tensor = tensors.get_tensor(name).float()
                return found
    raise BackboneError(f"the classifier's {name} was expected, the weights lack it", path=source.place)
