"""Checkpoints of transformers loaded with their classifier as the head of a task."""

import torch
from safetensors import safe_open
from torch import Tensor, nn

from mtl.backbones import BackboneSource
from mtl.checkpoint.config import CONFIG_FILE, BackboneReference, CheckpointConfig
from mtl.checkpoint.imported import PIPELINE_WORDS, read_labels, record
from mtl.checkpoint.stock_heads import MODERNBERT, STOCK_HEADS
from mtl.checkpoint.store import LoadedModel, build
from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from mtl.heads import ClassificationHead, TaggingHead
from mtl.json_text import parse_json
from mtl.recipe.choices import LongTexts, Pooling, TaskKind
from mtl.task import TaskInfo

_NEVER = 30.0
"""How far below the other tags a tag lies that the checkpoint does not have; training can raise it."""


def load_imported(source: BackboneSource, task: TaskInfo) -> LoadedModel:
    """Load the encoder and its head, which read texts as the pipelines of transformers do.

    Raises:
        BackboneError: it is damaged, or its head is not the stock one.
    """
    loaded = build(load_backbone(source, pooling=_pooling(source, task)), {task.name: task})
    head, kind = loaded.model.heads[task.name], loaded.model.encoder.model.config.model_type
    assert isinstance(head, (ClassificationHead, TaggingHead))
    stock = MODERNBERT if task.head.norm else STOCK_HEADS.get(kind)
    if len(head.hidden):
        assert stock is not None
        _put(head.hidden[0], source, stock.dense)
        if stock.norm:
            _put(head.hidden[2], source, stock.norm)
    if isinstance(head, TaggingHead):
        _put_tags(head.output, source, task)
    elif stock is not None:
        _put(head.output, source, stock.output)
    config = CheckpointConfig(
        backbone=BackboneReference(name=source.name, sha256=source.sha256, local=source.local),
        pooling=loaded.model.encoder.pooling,
        max_length=loaded.tokenizer.max_length,
        tasks=record(task),
        recipe={"words": PIPELINE_WORDS, "long_texts": LongTexts.CUT},
    )
    return LoadedModel(loaded.model, loaded.tokenizer, source, config)


def _pooling(source: BackboneSource, task: TaskInfo) -> Pooling | None:
    """What the classifier reads; None for that of tokens, where the embedding is as without it."""
    if task.kind is not TaskKind.CLASSIFICATION:
        return None
    config = parse_json((source.folder / CONFIG_FILE).read_text(encoding="utf-8"))
    pooling = config.get("classifier_pooling", Pooling.CLS) if task.head.norm else Pooling.CLS
    if pooling not in list(Pooling):
        raise BackboneError(
            f"a classifier_pooling of {', '.join(Pooling)} was expected, was {pooling}", path=source.place
        )
    return Pooling(pooling)


@torch.no_grad()
def _put(module: nn.Module, source: BackboneSource, name: str) -> None:
    assert isinstance(module, (nn.Linear, nn.LayerNorm))
    weight, bias = _affine(source, name)
    if weight.shape != module.weight.shape:
        expected, was = tuple(module.weight.shape), tuple(weight.shape)
        raise BackboneError(f"{name} of shape {expected} was expected, was {was}", path=source.place)
    module.weight.copy_(weight)
    module.bias.copy_(bias)


@torch.no_grad()
def _put_tags(module: nn.Linear, source: BackboneSource, task: TaskInfo) -> None:
    """Put the rows in the order of the head's tags; a tag without a row is one that no word gets."""
    weight, bias = _affine(source, "classifier")
    labels = read_labels(parse_json((source.folder / CONFIG_FILE).read_text(encoding="utf-8")), source.folder)
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


def _affine(source: BackboneSource, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias, which is zero where there is none."""
    weight, bias = _tensor(source, f"{name}.weight"), _tensor(source, f"{name}.bias")
    if weight is None:
        raise BackboneError(f"the classifier's {name} was expected, the weights lack it", path=source.place)
    return weight, weight.new_zeros(len(weight)) if bias is None else bias


def _tensor(source: BackboneSource, name: str) -> Tensor | None:
    for file in sorted(source.folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as tensors:
            if name in tensors.keys():  # noqa: SIM118
                found: Tensor = tensors.get_tensor(name).float()
                return found
    return None
