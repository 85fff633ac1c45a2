"""From the Train tab's fields to a checked recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import architecture
from demo.drafts import Draft
from demo.settings import Settings
from demo.views.stack import Trained
from mtl.errors import RecipeError
from mtl.recipe import Preset, Recipe, parse

OWN_POOLING = "as the backbone says"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as filled in."""

    tasks: tuple[str, ...]
    backbone: str
    pooling: str
    preset: str
    layers: int
    frozen_head: str | None
    epochs: float
    batch_tokens: int
    backbone_lr: float
    head_lr: float
    seed: int


def recipe_of(form: Form, drafts: Sequence[Draft], settings: Settings) -> Recipe:
    """The recipe of a form within the page's limits.

    Raises:
        RecipeError: a field is wrong or over a limit.
    """
    chosen = {
        draft.name: draft.config.model_dump(mode="json", exclude_unset=True)
        for draft in drafts
        if draft.name in form.tasks
    }
    if not chosen:
        raise RecipeError("Tick at least one task in step 1.")
    if len(chosen) > settings.max_tasks:
        raise RecipeError(f"At most {settings.max_tasks} tasks at once, these are {len(chosen)}.")
    backbone = form.backbone.strip()
    if not settings.any_backbone and backbone not in settings.backbones:
        raise RecipeError(f"One of the backbones {', '.join(settings.backbones)} was expected, was {backbone[:80]!r}.")
    known = architecture.of(backbone)
    if form.preset == Preset.LAST_LAYERS and known and form.layers > known.layers:
        raise RecipeError(f"At most {known.layers} layers train with this backbone, were {form.layers}.")
    if form.epochs > settings.max_epochs:
        raise RecipeError(f"At most {settings.max_epochs} epochs here, were {form.epochs:g}.")
    content: dict[str, Any] = {
        "backbone": backbone,
        "tasks": chosen,
        "freezing": _freezing(form, list(chosen)),
        "optimizer": {"backbone_lr": form.backbone_lr, "head_lr": form.head_lr},
        "budget": _budget(form, settings),
        "seed": form.seed,
    }
    if form.pooling != OWN_POOLING:
        content["pooling"] = form.pooling
    return parse(content, folder=Path.cwd(), where="settings")


def _budget(form: Form, settings: Settings) -> dict[str, Any]:
    limits = {"max_steps": settings.max_steps, "max_minutes": settings.max_minutes}
    chosen = {"epochs": form.epochs, "batch_tokens": form.batch_tokens}
    return chosen | {name: limit for name, limit in limits.items() if limit is not None}


def _freezing(form: Form, tasks: list[str]) -> dict[str, Any]:
    if form.preset == Preset.LAST_LAYERS:
        return {"preset": str(form.preset), "layers": form.layers}
    if form.preset == Preset.ONE_HEAD_FROZEN:
        if form.frozen_head not in tasks:
            raise RecipeError("Choose which head stays frozen in step 3.")
        return {"preset": str(form.preset), "frozen_heads": [form.frozen_head]}
    return {"preset": str(form.preset)}


def trained(form: Form) -> Trained:
    """What of the network a form's freezing lets train."""
    match form.preset:
        case Preset.ALL_FROZEN:
            return Trained(False, 0, frozenset(form.tasks))
        case Preset.HEADS_ONLY:
            return Trained(False, 0, frozenset())
        case Preset.LAST_LAYERS:
            return Trained(False, form.layers, frozenset())
        case Preset.ONE_HEAD_FROZEN:
            return Trained(True, None, frozenset([form.frozen_head or ""]))
        case Preset.LORA:
            return Trained(False, 0, frozenset(), adapters=True)
        case Preset.PROBE_THEN_FINETUNE | Preset.GRADUAL:
            return Trained(True, None, frozenset(), later=True)
        case _:
            return Trained(True, None, frozenset())
