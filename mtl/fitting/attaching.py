"""Fitted heads as modules of a model: the way back from arrays to an ordinary checkpoint."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from mtl.decoding.probabilities import Floats
from mtl.fitting.classes import LinearHead
from mtl.fitting.spans import SpanHead
from mtl.heads import ClassificationHead, TaggingHead
from mtl.heads.growing import put_rows
from mtl.heads.layers import LayerMix
from mtl.inference.engine import Engine
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Decoder, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.task import TaskInfo


@dataclass(frozen=True, eq=False)
class FittedSpans:
    """A head for spans and the weight of each state of a token that it reads."""

    head: SpanHead
    mix: tuple[float, ...]


Fitted = LinearHead | FittedSpans


def attach_heads(engine: Engine, fitted: Mapping[str, Fitted]) -> Engine:
    """An engine with these heads in addition to its own, or in place of those of the same name.

    Args:
        engine: stays as it is; the encoder's weights are shared with a model in memory.
        fitted: by task, on features of the engine's encoder.

    Raises:
        MtlError: the engine's model cannot be loaded.
    """
    base = engine.loaded_model()
    if not engine.is_in_memory:
        base.model.requires_grad_(False)  # only what training changed is stored
    encoder = copy.copy(base.model.encoder)
    tasks = base.model.tasks | {name: _task(name, one) for name, one in fitted.items()}
    model = MultiTaskModel(encoder, tasks).to(base.model.device)
    for own, known in ((model.heads, base.model.heads), (model.shared, base.model.shared)):
        for name, module in known.items():
            if name in own and name not in fitted:
                put_rows(own[name], module.state_dict())
    for name, one in fitted.items():
        put_weights(model.heads[name], one)
    outside = {name: one for name, one in base.outside.items() if name not in fitted}
    loaded = replace(base, model=model.eval(), folder=None, outside=outside)
    return Engine.of(loaded, name=engine.name)


def _task(name: str, fitted: Fitted) -> TaskInfo:
    if isinstance(fitted, LinearHead):
        config = HeadConfig(hidden=(), dropout=0.0)
        return TaskInfo(name, TaskKind.CLASSIFICATION, fitted.labels, config, fitted.multi_label, fitted.thresholds)
    config = HeadConfig.model_validate({"hidden": (), "dropout": 0.0, "layers": _layers_read(fitted.mix)})
    return TaskInfo(name, TaskKind.TAGGING, fitted.head.types, config)


@torch.no_grad()
def put_weights(head: torch.nn.Module, fitted: Fitted) -> None:
    """Write a fitted head into a module of its shape."""
    assert isinstance(head, ClassificationHead | TaggingHead)
    own = fitted if isinstance(fitted, LinearHead) else fitted.head
    head.output.weight.copy_(torch.from_numpy(own.weight.T.copy()))
    head.output.bias.copy_(torch.from_numpy(own.bias))
    if isinstance(head, TaggingHead) and isinstance(head.mix, LayerMix) and isinstance(fitted, FittedSpans):
        total = sum(fitted.mix)
        head.mix.scores.copy_(torch.tensor(fitted.mix).div(total).clamp(min=1e-12).log())
        head.mix.scale.fill_(total)


def linear_head(model: MultiTaskModel, task: str) -> Fitted | None:
    """The head of a task as arrays, where it is linear and decodes to the best legal tags; else None.

    Its temperature is in the arrays.
    """
    if task not in model.tasks or model.tasks[task].head.shared:
        return None
    info, module = model.tasks[task], model.heads[task]
    if isinstance(module, ClassificationHead) and not len(module.hidden):
        return LinearHead(info.labels, *_arrays(module, info.temperature), info.multi_label, info.thresholds)
    if isinstance(module, TaggingHead) and not len(module.hidden) and info.head.decoder is Decoder.LINEAR:
        mix = (0.0,) * (model.encoder.states_count - 1) + (1.0,)
        if module.mix is not None:
            mix = tuple(module.mix.weights.tolist())
        return FittedSpans(SpanHead(info.labels, *_arrays(module, info.temperature)), mix)
    return None


def _layers_read(mix: tuple[float, ...]) -> str | int:
    """What a head with these weights of K states reads, as its configuration says it."""
    if sum(mix) != 1.0 or max(mix) != 1.0:
        return "mix"
    layer = mix.index(1.0)
    return "last" if layer == len(mix) - 1 else layer or "mix"


def _arrays(module: ClassificationHead | TaggingHead, temperature: float) -> tuple[Floats, Floats]:
    output = module.output
    weight, bias = ((part.detach().cpu().float() / temperature).numpy() for part in (output.weight, output.bias))
    return weight.T.copy(), bias.copy()
