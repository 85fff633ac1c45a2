"""Which parameters train and when: presets resolved, applied, and kept in eval mode where frozen."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mtl.adapters import adapter_parameters
from mtl.errors import RecipeError
from mtl.model import MultiTaskModel
from mtl.recipe.choices import BackboneFreezing, Preset, Schedule
from mtl.recipe.sections import FreezingConfig

DEFAULT_LAST_LAYERS = 2
DEFAULT_RANK = 8


@dataclass(frozen=True)
class FreezePlan:
    """What trains: the top `layers`, the embeddings, adapters of `rank`, and every head but `frozen_heads`."""

    layers: int
    embeddings: bool
    frozen_heads: frozenset[str]
    rank: int | None = None

    @property
    def backbone_trains(self) -> bool:
        """Whether anything in the backbone trains."""
        return self.layers > 0 or self.embeddings or self.rank is not None

    def frozen_below(self, layer_count: int) -> int:
        """How many layers from the bottom never change, so that their output can be computed once."""
        return 0 if self.embeddings or self.rank is not None else layer_count - self.layers


@dataclass(frozen=True)
class Stage:
    """A stretch of a run: from this share of all steps on, this plan holds."""

    begins: float
    plan: FreezePlan


def resolve(config: FreezingConfig, *, tasks: Iterable[str], layer_count: int) -> FreezePlan:
    """Turn a freezing configuration into the plan for the end of a run, on a backbone of so many layers.

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
    if config.rank is not None and backbone is not BackboneFreezing.LORA:
        raise RecipeError(f"freezing.rank: goes with backbone lora, was given with {backbone}")
    match backbone:
        case BackboneFreezing.FROZEN:
            return FreezePlan(0, False, frozen_heads)
        case BackboneFreezing.LAST_LAYERS:
            return FreezePlan(layers or min(DEFAULT_LAST_LAYERS, layer_count), False, frozen_heads)
        case BackboneFreezing.FULL:
            return FreezePlan(layer_count, config.embeddings != "frozen", frozen_heads)
        case BackboneFreezing.LORA:
            return FreezePlan(0, False, frozen_heads, config.rank or DEFAULT_RANK)


def stages(config: FreezingConfig, plan: FreezePlan) -> tuple[Stage, ...]:
    """When the parts of a plan begin to train; the last stage is the plan itself.

    `probe_first` trains the heads alone for `freezing.probe` of all steps (Kumar et al. 2022); `gradual` adds one
    layer from the top in each of equal stretches, and the embeddings last (Howard and Ruder 2018).

    Raises:
        RecipeError: the schedule needs a backbone that trains layers.
    """
    schedule = _SCHEDULES.get(config.preset, config.schedule) if config.preset else config.schedule
    if schedule is Schedule.CONSTANT:
        return (Stage(0.0, plan),)
    if not plan.backbone_trains or (schedule is Schedule.GRADUAL and plan.rank is not None):
        raise RecipeError(f"freezing.schedule: {schedule} needs layers of the backbone that train")
    heads = replace(plan, layers=0, embeddings=False, rank=None)
    if schedule is Schedule.PROBE_FIRST:
        return (Stage(0.0, heads), Stage(config.probe, plan))
    steps = [replace(heads, layers=layers) for layers in range(plan.layers + 1)]
    steps += [plan] if plan.embeddings else []
    return tuple(Stage(i / len(steps), step) for i, step in enumerate(steps))


_SCHEDULES = {Preset.PROBE_THEN_FINETUNE: Schedule.PROBE_FIRST, Preset.GRADUAL: Schedule.GRADUAL}
_BACKBONES = {
    Preset.ALL_FROZEN: BackboneFreezing.FROZEN,
    Preset.HEADS_ONLY: BackboneFreezing.FROZEN,
    Preset.LAST_LAYERS: BackboneFreezing.LAST_LAYERS,
    Preset.FULL: BackboneFreezing.FULL,
    Preset.LORA: BackboneFreezing.LORA,
}


def _from_preset(config: FreezingConfig, tasks: tuple[str, ...]) -> tuple[BackboneFreezing, frozenset[str]]:
    named = frozenset(config.frozen_heads)
    preset = config.preset
    if preset is Preset.ONE_HEAD_FROZEN and len(named) != 1:
        raise RecipeError(
            f"freezing.frozen_heads: one_head_frozen names exactly one of {', '.join(tasks)}, "
            f"was {', '.join(sorted(named)) or 'none'}"
        )
    if preset in _SCHEDULES and config.schedule not in (Schedule.CONSTANT, _SCHEDULES[preset]):
        raise RecipeError(f"freezing.schedule: the preset {preset} means {_SCHEDULES[preset]}, was {config.schedule}")
    backbone = _BACKBONES.get(preset) if preset else None
    if backbone is None:
        # The preset leaves it open: the last N layers where a number is given, else all.
        return config.backbone or (BackboneFreezing.LAST_LAYERS if config.layers else BackboneFreezing.FULL), named
    if config.backbone not in (None, backbone):
        raise RecipeError(f"freezing.backbone: the preset {preset} means {backbone}, was {config.backbone}")
    return backbone, frozenset(tasks) if preset is Preset.ALL_FROZEN else named


class Freezer:
    """A plan applied to a model: sets `requires_grad` once and the mode of every module at each `train`.

    Layers, their LayerNorms and what follows the last layer train with the top layers; embeddings and
    position tables that all layers share are the bottom. A layer that heads share trains only if all of
    them train.
    """

    def __init__(self, model: MultiTaskModel, plan: FreezePlan) -> None:
        self.plan = plan
        self._model = model
        parts = model.encoder.parts()
        layers_below = len(parts.layers) - plan.layers
        trained = [*parts.layers[layers_below:], *(parts.top if plan.layers else ())]
        trained += parts.bottom if plan.embeddings else ()
        self._frozen = [*parts.layers[:layers_below], *(() if plan.embeddings else parts.bottom)]
        if not plan.layers and not plan.embeddings:
            self._frozen.append(model.encoder)
        for task in model.tasks:
            (self._frozen if task in plan.frozen_heads else trained).extend(model.head_modules(task))
        model.requires_grad_(False)
        for module in trained:
            module.requires_grad_(True)
        for module in self._frozen:
            module.requires_grad_(False)
        for parameter in adapter_parameters(model.encoder):
            parameter.requires_grad_(plan.rank is not None)

    def train(self) -> None:
        """Put the trained modules into train mode; frozen ones stay in eval mode, so without dropout."""
        self._model.train()
        for module in self._frozen:
            module.eval()

    def trained_parameters(self) -> int:
        """How many numbers train."""
        return sum(p.numel() for p in self._model.parameters() if p.requires_grad)
