"""From the Train tab's fields to a checked recipe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.inputs.drafts import Draft
from demo.runs.recipe_limits import need_affordable, need_size
from demo.settings import Settings
from demo.training import architecture
from demo.training.freezing_choice import Freezing, one_head
from mtl.errors import RecipeError
from mtl.recipe import Preset, Recipe, TaskKind, parse
from mtl.recipe.yaml_text import read_yaml

OWN_POOLING = "as the backbone says"  # browsers have stored this value; the page shows "backbone default"
_FIELD = "settings"
_MORE = "More recipe keys"
_LONGEST = 20_000  # characters
_TRAINING_KEYS = ("sampling", "balancing", "anchor", "evaluation", "solver", "optimizer", "freezing", "precision")
_PUBLIC_KEYS = (*_TRAINING_KEYS, "tasks", "about", "budget")
_PUBLIC_BUDGET_KEYS = ("max_steps", "max_minutes")  # which the page's own limits bound
_PUBLIC_HEAD_KEYS = ("decoder", "dropout", "label_smoothing", "activation", "layers", "loss")
_PUBLIC_TASK_KEYS = ("weight", "map_labels", "class_weights", "head")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as filled in, None for the recipe's default; `more` is YAML with keys that have no field."""

    tasks: tuple[str, ...]
    backbone: str
    pooling: str
    freezing: Freezing
    epochs: float | None = None
    batch_tokens: int | None = None
    backbone_lr: float | None = None
    head_lr: float | None = None
    tagging_lr: float | None = None
    seed: int = 42
    more: str = ""


def recipe_of(form: Form, drafts: Sequence[Draft], settings: Settings, *, checkpoints: Collection[str] = ()) -> Recipe:
    """The recipe of a form within the page's limits.

    Args:
        form: the fields.
        drafts: the tasks that the page knows.
        settings: the limits.
        checkpoints: checkpoint folders that are allowed even if only listed backbones are.

    Raises:
        RecipeError: a field is wrong or over a limit.
    """
    chosen = [draft for draft in drafts if draft.name in form.tasks]
    if not chosen:
        raise RecipeError("Tick at least one task in step 1.")
    for draft in chosen:
        need_size(draft.name, draft.train_size + draft.dev_size, len(draft.counts), settings)
    backbone = form.backbone.strip()
    if not settings.any_backbone and backbone not in (*settings.backbones, *checkpoints):
        raise RecipeError(f"One of the backbones {', '.join(settings.backbones)} was expected, was {backbone[:80]!r}.")
    known = architecture.of(backbone)
    if form.freezing.has_layers and known and form.freezing.layers > known.layers:
        raise RecipeError(f"At most {known.layers} layers train with this backbone, were {form.freezing.layers}.")
    content: dict[str, Any] = {
        "backbone": backbone,
        "tasks": {draft.name: draft.config.model_dump(mode="json", exclude_unset=True) for draft in chosen},
        "freezing": _freezing(form.freezing, heads_of(chosen)),
        "optimizer": _given(form, "backbone_lr", "head_lr", "tagging_lr"),
        "budget": _given(form, "epochs", "batch_tokens"),
        "seed": form.seed,
    }
    if form.pooling != OWN_POOLING:
        content["pooling"] = form.pooling
    _add(content, _more(form.more, settings), path="")
    _limit(content["budget"], settings)
    recipe = parse(content, folder=Path.cwd(), where=_FIELD)
    need_affordable(recipe, settings)
    return recipe


def _given(form: Form, *names: str) -> dict[str, Any]:
    return {name: getattr(form, name) for name in names if getattr(form, name) is not None}


def heads_of(drafts: Sequence[Draft]) -> list[str]:
    """The tasks that have a head; similarity trains the embedding itself."""
    return [draft.name for draft in drafts if draft.config.kind is not TaskKind.SIMILARITY]


def _freezing(choice: Freezing, heads: list[str]) -> dict[str, Any]:
    if choice.preset is Preset.ONE_HEAD_FROZEN and one_head(choice, heads) != choice:
        raise RecipeError("Choose one head to freeze in step 3.")
    return choice.config(heads)


def _more(text: str, settings: Settings) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise RecipeError(f"at most {_LONGEST:,} characters were expected, were {len(text):,}.", key=_MORE)
    content = read_yaml(text, where=_MORE)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RecipeError(f"keys with values were expected, was {type(content).__name__}.", key=_MORE)
    if not settings.any_backbone:
        _need_harmless(content)
    return content


def _need_harmless(content: dict[str, Any]) -> None:
    """On a shared page no key may exceed the limits or name a path on its disk."""
    tasks = content.get("tasks") or {}
    wrong = [str(key) for key in content if key not in _PUBLIC_KEYS]
    for name, task in tasks.items() if isinstance(tasks, dict) else []:
        if isinstance(task, dict):
            wrong += [f"tasks.{name}.{key}" for key in task if key not in _PUBLIC_TASK_KEYS]
            head = task.get("head")
            keys = head if isinstance(head, dict) else ()
            wrong += [f"tasks.{name}.head.{key}" for key in keys if key not in _PUBLIC_HEAD_KEYS]
    budget = content.get("budget")
    wrong += [f"budget.{key}" for key in (budget if isinstance(budget, dict) else ()) if key not in _PUBLIC_BUDGET_KEYS]
    if wrong:
        raise RecipeError(f"{wrong[0]} cannot be set on this page.", key=_MORE)


def _add(content: dict[str, Any], extra: dict[str, Any], *, path: str) -> None:
    """Add keys to those of the fields; one that has a field, and another value there, is refused."""
    for key, value in extra.items():
        here = content.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            _add(here, value, path=f"{path}{key}.")
        elif key in content:
            if here != value:
                raise RecipeError(f"{path}{key} has its own field above.", key=_MORE)
        elif path == "tasks.":
            raise RecipeError(f"a ticked task was expected, was {key}.", key=_MORE)
        else:
            content[key] = value


def _limit(budget: dict[str, Any], settings: Settings) -> None:
    for name, limit in (("max_steps", settings.max_steps), ("max_minutes", settings.max_minutes)):
        asked = budget.get(name)
        if limit is not None:
            budget[name] = limit if asked is None else min(limit, asked) if isinstance(asked, int | float) else asked
