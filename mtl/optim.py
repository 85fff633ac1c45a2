"""AdamW with a learning rate for each depth, and its schedule."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import get_total_norm
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from mtl.distributed import is_shared, own_part, world
from mtl.heads import TaggingHead
from mtl.model import MultiTaskModel
from mtl.recipe.sections import OptimizerConfig

_LEAST_NORM = 1e-6  # as `clip_grad_norm_` adds it


@dataclass(frozen=True)
class Optimization:
    """An optimizer and the schedule of its learning rates: clip the gradients and step once a batch."""

    optimizer: AdamW
    scheduler: LambdaLR

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that the optimizer changes."""
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def clip_gradients(self, limit: float) -> float:
        """Scale the gradients so that their norm is at most `limit`; returns the norm before.

        A norm that is not finite leaves gradients that must not be used.
        """
        if not world().shards:
            return float(torch.nn.utils.clip_grad_norm_(self.parameters, limit, foreach=True))
        return self._clip_parts(limit)

    def _clip_parts(self, limit: float) -> float:
        """As `clip_gradients`, where each process holds parts of some gradients and the whole of the others."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        parts = [own_part(gradient) for gradient in gradients if is_shared(gradient)]
        others = [gradient for gradient in gradients if not is_shared(gradient)]
        squares = [float(get_total_norm(own)) ** 2 if own else 0.0 for own in (parts, others)]
        norm = math.sqrt(world().table(squares[:1]).sum() + squares[1])
        torch._foreach_mul_([*parts, *others], min(1.0, limit / (norm + _LEAST_NORM)))
        return norm

    def step(self) -> float:
        """Update the weights and move the schedule on; returns the learning rate of the topmost trained part."""
        rate = float(self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        return rate


def build_optimization(
    model: MultiTaskModel, config: OptimizerConfig, *, total_steps: int, weights: nn.Module | None = None
) -> Optimization:
    """AdamW over the trained parameters only; biases and LayerNorms have no weight decay.

    Args:
        model: with `requires_grad` set by its freezing.
        config: rates and decay.
        total_steps: over which the rates rise and fall.
        weights: of the losses; learned ones train at the heads' rate.
    """
    groups = [*_groups(model, config), *_split((weights,) if weights else (), config.head_lr, 0.0)]
    optimizer = AdamW(groups, weight_decay=0.0, fused=True)
    warmup = round(config.warmup * total_steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return max(0.0, (total_steps - step) / max(1, total_steps - warmup))

    return Optimization(optimizer, LambdaLR(optimizer, factor))


def _groups(model: MultiTaskModel, config: OptimizerConfig) -> Iterator[dict[str, object]]:
    parts = model.encoder.parts()
    tagging = [head for head in model.heads.values() if isinstance(head, TaggingHead)]
    others = [head for head in model.heads.values() if not isinstance(head, TaggingHead)]
    yield from _split((*others, model.shared), config.head_lr, config.weight_decay)
    yield from _split(tagging, config.tagging_lr, config.weight_decay)
    yield from _split(parts.top, config.backbone_lr, config.weight_decay)
    rate = config.backbone_lr
    for layer in reversed(parts.layers):
        yield from _split((layer,), rate, config.weight_decay)
        rate *= config.layer_decay
    yield from _split(parts.bottom, rate, config.weight_decay)


def _split(modules: Iterable[nn.Module], lr: float, weight_decay: float) -> Iterator[dict[str, object]]:
    trained = [p for module in modules for p in module.parameters() if p.requires_grad]
    for decays in (True, False):
        chosen = [p for p in trained if (p.ndim > 1) == decays]
        if chosen:
            yield {"params": chosen, "lr": lr, "weight_decay": weight_decay if decays else 0.0}
