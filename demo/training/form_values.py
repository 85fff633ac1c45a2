"""The Train tab's fields as plain values: to and from a form, and as JSON stored in the browser."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from demo.training.freezing_choice import Freezing
from demo.training.recipe_form import OWN_POOLING, Form
from mtl.errors import RecipeError
from mtl.recipe import Pooling, Preset

NAMES = (
    "tasks",
    "backbone",
    "pooling",
    "preset",
    "layers",
    "everything",
    "frozen_heads",
    "epochs",
    "batch_tokens",
    "backbone_lr",
    "head_lr",
    "tagging_lr",
    "seed",
    "more",
)
"""The fields in the order of the handlers' arguments."""
NUMBERS = {
    "epochs": "Epochs",
    "batch_tokens": "Tokens per batch",
    "backbone_lr": "Encoder learning rate",
    "head_lr": "Head learning rate",
    "tagging_lr": "Tagging learning rate",
}
"""Number fields that may be empty, with their labels on the page; their values are text."""


def form_of(values: Sequence[Any]) -> Form:
    """The form from the fields' values; an empty number leaves the choice to the recipe, an empty seed is 0.

    Raises:
        RecipeError: a value does not fit its field.
    """
    field = dict(zip(NAMES, values, strict=True))
    number = {name: _number(field[name], label) for name, label in NUMBERS.items()}
    if field["preset"] not in list(Preset):
        raise RecipeError(f"freezing.preset: one of {', '.join(Preset)} was expected, was {field['preset']!r:.40}")
    return Form(
        tasks=tuple(field["tasks"] or ()),
        backbone=field["backbone"] or "",
        pooling=field["pooling"] or OWN_POOLING,
        freezing=Freezing(
            Preset(field["preset"]),
            int(field["layers"] or 0),
            bool(field["everything"]),
            tuple(field["frozen_heads"] or ()),
        ),
        epochs=number["epochs"],
        batch_tokens=_whole(number["batch_tokens"], NUMBERS["batch_tokens"]),
        backbone_lr=number["backbone_lr"],
        head_lr=number["head_lr"],
        tagging_lr=number["tagging_lr"],
        seed=int(field["seed"] or 0),
        more=field["more"] or "",
    )


def values_of(form: Form) -> tuple[Any, ...]:
    """The fields' values of a form."""
    freezing = form.freezing
    return (
        list(form.tasks),
        form.backbone,
        str(form.pooling),
        str(freezing.preset),
        freezing.layers,
        freezing.everything,
        list(freezing.frozen_heads),
        *("" if (number := getattr(form, name)) is None else f"{number:.12g}" for name in NUMBERS),
        form.seed,
        form.more,
    )


def remembered(content: Any) -> Form | None:  # noqa: ANN401
    """The form stored in the browser, or None if there is none or its version differs."""
    if not isinstance(content, Mapping) or set(content) != set(NAMES):
        return None
    pooling = content["pooling"]
    if pooling != OWN_POOLING and pooling not in list(Pooling):
        return None
    try:
        return form_of([content[name] for name in NAMES])
    except (RecipeError, TypeError, ValueError):
        return None


def to_remember(values: Sequence[Any]) -> dict[str, Any]:
    """The form as stored in the browser."""
    return dict(zip(NAMES, values, strict=True))


def _number(text: Any, label: str) -> float | None:  # noqa: ANN401
    shown = str(text or "").strip()
    try:
        number = float(shown) if shown else None
    except ValueError:
        number = math.nan
    if number is not None and not math.isfinite(number):
        raise RecipeError(f"{label}: a number or nothing was expected, was {shown!r:.40}.")
    return number


def _whole(number: float | None, label: str) -> int | None:
    if number is not None and not number.is_integer():
        raise RecipeError(f"{label}: a whole number or nothing was expected, was {number:g}.")
    return None if number is None else int(number)
