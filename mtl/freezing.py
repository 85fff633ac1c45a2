"""Which parameters train: presets resolved, applied, and kept in eval mode where frozen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import nn

from mtl.errors import RecipeError
from mtl.model import MultiTaskModel
from mtl.recipe.schema import BackboneFreezing, FreezingConfig, Preset

DEFAULT_LAST_LAYERS = 2


@dataclass(frozen=True)
class FreezePlan:
    """What trains: how many of the top layers, the embeddings, and every head but `frozen_heads`."""

    layers: int
    embeddings: bool
    frozen_heads: frozenset[str]

    def is_frozen_whole(self, tasks: Iterable[str]) -> bool:
        """Whether nothing is left to train among these tasks and the backbone."""
        return self.layers == 0 and not self.embeddings and set(tasks) <= self.frozen_heads


def resolve(config: FreezingConfig, *, tasks: Iterable[str], layer_count: int) -> FreezePlan:
    """Turn a freezing configuration into a plan for a backbone of so many layers.

    Raises:
        RecipeError: preset and keys contradict one another, or there are not so many layers.
    """
    tasks = tuple(tasks)
    backbone, frozen_heads = _from_preset(config, tasks)
    layers = config.layers
    if layers is not None and backbone is not BackboneFreezing.LAST_LAYERS:
        raise RecipeError(f"freezing.layers: goes with backbone last_layers, was given with {backbone}")
    if layers is not None and layers > layer_count:
        raise RecipeError(f"freezing.layers: at most {layer_count} (the backbone's layers) was expected, was {layers}")
    if config.embeddings == "trained" and backbone is not BackboneFreezing.FULL:
        raise RecipeError(f"freezing.embeddings: trained goes with backbone full, was given with {backbone}")
    match backbone:
        case BackboneFreezing.FROZEN:
            return FreezePlan(0, False, frozen_heads)
        case BackboneFreezing.LAST_LAYERS:
            return FreezePlan(layers or min(DEFAULT_LAST_LAYERS, layer_count), False, frozen_heads)
        case BackboneFreezing.FULL:
            return FreezePlan(layer_count, config.embeddings != "frozen", frozen_heads)


def _from_preset(config: FreezingConfig, tasks: tuple[str, ...]) -> tuple[BackboneFreezing, frozenset[str]]:
    named = frozenset(config.frozen_heads)
    with_layers = BackboneFreezing.LAST_LAYERS if config.layers else BackboneFreezing.FULL
    match config.preset:
        case None:
            return config.backbone or with_layers, named
        case Preset.ALL_FROZEN:
            backbone, heads = BackboneFreezing.FROZEN, frozenset(tasks)
        case Preset.HEADS_ONLY:
            backbone, heads = BackboneFreezing.FROZEN, named
        case Preset.LAST_LAYERS:
            backbone, heads = BackboneFreezing.LAST_LAYERS, named
        case Preset.FULL:
            backbone, heads = BackboneFreezing.FULL, named
        case Preset.ONE_HEAD_FROZEN:
            if len(named) != 1:
                raise RecipeError(
                    f"freezing.frozen_heads: one_head_frozen names exactly one of {', '.join(tasks)}, "
                    f"was {', '.join(sorted(named)) or 'none'}"
                )
            return config.backbone or with_layers, named
    if config.backbone not in (None, backbone):
        raise RecipeError(f"freezing.backbone: the preset {config.preset} means {backbone}, was {config.backbone}")
    return backbone, heads


class Freezer:
    """A plan applied to a model: sets `requires_grad` once and the mode of every module at each `train`.

    Layers, their LayerNorms and what follows the last layer train with the top layers; embeddings and
    position tables that all layers share are the bottom. A layer that heads share trains only if all of
    them train.
    """

    def __init__(self, model: MultiTaskModel, plan: FreezePlan) -> None:
        self.plan = plan
        self._model = model
        frozen, trained = list(self._frozen_modules()), list(self._trained_modules())
        model.requires_grad_(False)
        for module in trained:
            module.requires_grad_(True)
        for module in frozen:
            module.requires_grad_(False)
        self._frozen = frozen

    def train(self) -> None:
        """Put the trained modules into train mode; frozen ones stay in eval mode, so without dropout."""
        self._model.train()
        for module in self._frozen:
            module.eval()

    def trained_parameters(self) -> int:
        """How many numbers train."""
        return sum(p.numel() for p in self._model.parameters() if p.requires_grad)

    def _frozen_modules(self) -> Iterator[nn.Module]:
        parts = self._model.encoder.parts()
        if self.plan.layers == 0 and not self.plan.embeddings:
            yield self._model.encoder
        if not self.plan.embeddings:
            yield from parts.bottom
        yield from parts.layers[: len(parts.layers) - self.plan.layers]
        for task in self._model.tasks:
            if task in self.plan.frozen_heads:
                yield from self._model.head_modules(task)

    def _trained_modules(self) -> Iterator[nn.Module]:
        parts = self._model.encoder.parts()
        if self.plan.embeddings:
            yield from parts.bottom
        if self.plan.layers:
            yield from parts.layers[len(parts.layers) - self.plan.layers :]
            yield from parts.top
        for task in self._model.tasks:
            if task not in self.plan.frozen_heads:
                yield from self._model.head_modules(task)
