"""Checkpoints on disk: a configuration, a card, a sample, and only the tensors that training changed."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mtl.adapters import add_adapters, plain_name
from mtl.backbones import BackboneSource
from mtl.checkpoint.card import model_card
from mtl.checkpoint.config import (
    CARD_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    BackboneReference,
    CheckpointConfig,
    TaskRecord,
    is_checkpoint,
    read_config,
)
from mtl.checkpoint.sample import Sample, write_sample
from mtl.distributed import whole, world
from mtl.encoder import LoadedBackbone, load_backbone
from mtl.errors import CheckpointError, InputError
from mtl.folders import folder_size
from mtl.heads.growing import put_rows
from mtl.model import MultiTaskModel, TaskInfo
from mtl.outside import Summary, read_summaries, write_summaries
from mtl.text.windows import WindowTokenizer
from mtl.weights import save_weights

_BACKBONE_PREFIX = "encoder."


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for use, in eval mode; `config` is None for a bare backbone.

    `changed` has the names of the encoder's parameters that differ from the backbone already, as `plain_name` gives
    them: an adapter that is put beside a trained weight changes the weight's name in the model, not here.
    """

    model: MultiTaskModel
    tokenizer: WindowTokenizer
    backbone: BackboneSource
    config: CheckpointConfig | None
    changed: frozenset[str] = frozenset()
    folder: Path | None = None
    """Of the checkpoint, where it was loaded from one."""
    outside: Mapping[str, Summary] = field(default_factory=dict)
    """By task what its head has learned from, as embeddings of this encoder."""


@dataclass(frozen=True)
class Snapshot:
    """What to write beside the tensors."""

    step: int
    metrics: Mapping[str, float]
    recipe: Mapping[str, object]
    dtype: torch.dtype = torch.float32
    sample: Sample = field(default_factory=dict)


def build(backbone: LoadedBackbone, tasks: Mapping[str, TaskInfo]) -> LoadedModel:
    """A model with fresh heads."""
    model = MultiTaskModel(backbone.encoder, tasks).eval()
    return LoadedModel(model, backbone.tokenizer, backbone.source, None)


def untrained(loaded: LoadedModel) -> LoadedModel:
    """The backbone of a model as it was before any training, without heads, read by the model's tokenizer.

    Raises:
        BackboneError: it is not on this machine any more.
    """
    backbone = load_backbone(loaded.backbone, pooling=loaded.model.encoder.pooling)
    return build(replace(backbone, tokenizer=loaded.tokenizer), {})


def extend(base: LoadedModel, tasks: Mapping[str, TaskInfo]) -> LoadedModel:
    """A loaded model with further heads, fresh ones; heads that it has stay as they are, or get more labels.

    Summaries of training texts stay with the heads.
    """
    model = MultiTaskModel(base.model.encoder, {**base.model.tasks, **tasks}).eval()
    for own, known in ((model.heads, base.model.heads), (model.shared, base.model.shared)):
        for name, module in known.items():
            put_rows(own[name], module.state_dict())
    return LoadedModel(model, base.tokenizer, base.backbone, base.config, base.changed, outside=base.outside)


def save(loaded: LoadedModel, folder: Path, snapshot: Snapshot) -> int:
    """Write a checkpoint; a folder that was there is replaced only when the new one is complete.

    Processes that hold the model in parts call this together, and the main one writes.

    Returns:
        Size of the checkpoint in bytes; 0 where another process has written it.
    """
    model, backbone = loaded.model, loaded.backbone
    tensors = _changed(loaded, snapshot.dtype)
    if not world().is_main:
        return 0
    config = CheckpointConfig(
        backbone=BackboneReference(name=backbone.name, sha256=backbone.sha256, local=backbone.local),
        pooling=model.encoder.pooling,
        max_length=loaded.tokenizer.max_length,
        adapter_rank=model.encoder.adapter_rank,
        tasks={name: TaskRecord.of(task) for name, task in model.tasks.items()},
        tensors=len(tensors),
        step=snapshot.step,
        metrics=dict(snapshot.metrics),
        recipe=dict(snapshot.recipe),
    )
    put_back(folder)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        save_weights(tensors, fresh / WEIGHTS_FILE, metadata={"format": "pt"})
        (fresh / CONFIG_FILE).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (fresh / CARD_FILE).write_text(model_card(config, sampled=any(snapshot.sample.values())), encoding="utf-8")
        write_sample(fresh, snapshot.sample)
        write_summaries(fresh, loaded.outside)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    old = _moved(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder_size(folder)


def put_back(folder: Path) -> None:
    """Restore a checkpoint whose writer was killed after it had moved the old one aside.

    Only for who owns the folder: another process may be about to put the new one in its place.
    """
    old = _moved(folder)
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def _moved(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def need_place(folder: Path) -> None:
    """Refuse a place where a checkpoint would replace something else.

    Raises:
        InputError: it is a file, a link, or a folder that has files and is no checkpoint.
    """
    if folder.is_symlink():
        raise InputError("a new folder or a checkpoint to replace was expected, this is a link", path=folder)
    if folder.exists() and not folder.is_dir():
        raise InputError("a new folder or a checkpoint to replace was expected, this is a file", path=folder)
    if folder.is_dir() and any(folder.iterdir()) and not is_checkpoint(folder):
        raise InputError("a new folder or a checkpoint to replace was expected, this one has other files", path=folder)


def load(folder: Path) -> LoadedModel:
    """Load a checkpoint on top of its backbone.

    Raises:
        CheckpointError: it is damaged, or no backbone known here has the weights that it was trained on.
        BackboneError: the Hub has no such backbone.
    """
    config = read_config(folder)
    source = config.backbone.find(folder)
    backbone = load_backbone(source, pooling=config.pooling, max_length=config.max_length)
    tasks = {name: task.info(name) for name, task in config.tasks.items()}
    model = MultiTaskModel(backbone.encoder, tasks)
    if config.adapter_rank is not None:
        add_adapters(model.encoder, rank=config.adapter_rank)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise CheckpointError("readable safetensors were expected", path=folder / WEIGHTS_FILE) from error
    _put(model, tensors, folder)
    if config.tensors not in (None, len(tensors)):
        raise CheckpointError(
            f"{config.tensors} tensors were expected (see {CONFIG_FILE}), were {len(tensors)}",
            path=folder / WEIGHTS_FILE,
        )
    changed = frozenset(plain_name(name) for name in tensors if name.startswith(_BACKBONE_PREFIX))
    outside = read_summaries(folder, tasks=tasks, dimension=model.encoder.embedding_dimension)
    return LoadedModel(model.eval(), backbone.tokenizer, source, config, changed, folder, outside)


def tensor_bytes(loaded: LoadedModel, dtype: torch.dtype) -> int:
    """What the tensors of a checkpoint take, with `requires_grad` set as it will be when it is saved."""
    return sum(tensor.numel() * dtype.itemsize for tensor in changed_parameters(loaded).values())


def out_of_range(loaded: LoadedModel, dtype: torch.dtype) -> list[str]:
    """The tensors of a checkpoint with a value that `dtype` cannot hold; they are stored as float32."""
    return [name for name, parameter in changed_parameters(loaded).items() if not fits(parameter, dtype)]


def _changed(loaded: LoadedModel, dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        name: whole(parameter.detach()).to("cpu", dtype if fits(parameter, dtype) else torch.float32).contiguous()
        for name, parameter in changed_parameters(loaded).items()
    }


def fits(parameter: nn.Parameter, dtype: torch.dtype) -> bool:
    """Whether `dtype` can hold every value, so that a checkpoint has the tensor in it, rounded."""
    return dtype is torch.float32 or bool((whole(parameter.detach()).abs() <= torch.finfo(dtype).max).all())


def changed_parameters(loaded: LoadedModel) -> dict[str, nn.Parameter]:
    """All of the heads, and the parameters of the backbone that train or were trained before, by plain name."""
    return {
        name: parameter
        for name, parameter in _parameters(loaded.model).items()
        if not name.startswith(_BACKBONE_PREFIX) or parameter.requires_grad or name in loaded.changed
    }


def _parameters(model: MultiTaskModel) -> dict[str, nn.Parameter]:
    return {plain_name(name): parameter for name, parameter in model.named_parameters()}


def _put(model: MultiTaskModel, tensors: Mapping[str, Tensor], folder: Path) -> None:
    parameters = _parameters(model)
    tensors = {plain_name(name): tensor for name, tensor in tensors.items()}  # older files name some as peft does
    unknown = sorted(set(tensors) - set(parameters))
    missing = sorted(n for n in parameters if not n.startswith(_BACKBONE_PREFIX) and n not in tensors)
    if unknown or missing:
        wrong = f"unexpected {unknown[0]}" if unknown else f"lacking {missing[0]}"
        raise CheckpointError(
            f"the tensors of {CONFIG_FILE} were expected, found it {wrong}", path=folder / WEIGHTS_FILE
        )
    for name, tensor in tensors.items():
        if tensor.shape != parameters[name].shape:
            raise CheckpointError(
                f"{name} of shape {tuple(parameters[name].shape)} was expected, was {tuple(tensor.shape)}",
                path=folder / WEIGHTS_FILE,
            )
        parameters[name].data.copy_(tensor)
