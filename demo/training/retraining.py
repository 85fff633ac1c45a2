"""Retraining one head on corrections with everything else frozen, as an ordinary run."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.answers.passes import Model, Task, answer_of
from demo.inputs.examples import rehearsal_texts
from demo.inputs.new_folder import new_folder
from demo.settings import Settings
from demo.training.corrections import Correction
from mtl.data import write_examples
from mtl.errors import InputError
from mtl.inference.analysis import Analysis
from mtl.labels import TypedSpan
from mtl.recipe import Recipe, TaskKind, parse
from mtl.runs import home

REHEARSED = 240
"""Example sentences with the head's current predictions; without them the head would forget what it knows."""
_SHARE = 3
"""The ratio of rehearsed to corrected texts, reached by repeating the corrected ones."""
_MOST_REPEATS = 40
_EPOCHS = 60
_PATIENCE = 12
_HEAD_LR = 5e-3
_BATCH_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Head:
    """A head of a model: its task, and the checkpoint folder that the model was loaded from."""

    task: str
    kind: TaskKind
    checkpoint: Path


def retraining_recipe(head: Head, model: Model, corrections: Sequence[Correction], settings: Settings) -> Recipe:
    """The recipe that trains only this head; its data are written below `$MTL_HOME/uploads`.

    Training ends when all corrected texts, which are also the dev data, are predicted correctly. The training data
    also contain example sentences with the head's current predictions. Those are dev data too where thresholds of
    labels are chosen on them, for which a few corrected texts would not do.

    Raises:
        InputError: there are no corrections, or a label is unknown to the head.
        RecipeError: as `mtl.recipe.parse`.
    """
    if not corrections:
        raise InputError("Correct at least one text first.")
    _need_known(corrections, head.task, model.tasks[head.task])
    corrected = {correction.text for correction in corrections}
    texts = [text for text in rehearsal_texts() if text not in corrected][:REHEARSED]
    several = model.tasks[head.task].multi_label
    rehearsed = [_answered(head, analysis, several=several) for analysis in model.analyze(texts)]
    repeats = max(1, min(_MOST_REPEATS, len(rehearsed) // (_SHARE * len(corrections))))
    with new_folder(home() / "uploads" / secrets.token_hex(12)) as folder:
        train = _write(folder / "train.jsonl", [*rehearsed, *(list(corrections) * repeats)])
        dev = _write(folder / "corrected.jsonl", corrections)
    # If all corrected texts are without entities, F1 is undefined.
    measure = "accuracy" if head.kind is TaskKind.CLASSIFICATION else "token_accuracy"
    task: dict[str, Any] = {"kind": str(head.kind), "train": [str(train)], "dev": [str(dev)]}
    if several:
        measure, task = "subset_accuracy", {**task, "dev": [str(train)], "multi_label": True}
    content: dict[str, Any] = {
        "backbone": str(head.checkpoint),
        "tasks": {head.task: task},
        "freezing": {"preset": "heads_only"},
        "optimizer": {"head_lr": _HEAD_LR, "weight_decay": 0.0},
        "budget": _budget(settings),
        "evaluation": {"every": "epoch", "patience": _PATIENCE, "best": f"{head.task}/{measure}"},
        "about": f"The head {head.task}, retrained on {len(corrections)} corrections made on the page.",
    }
    return parse(content, folder=folder, where="retraining")


def _need_known(corrections: Sequence[Correction], task: str, head: Task) -> None:
    """Corrections are stored by task name, and another model may have a head of the same name."""
    if any((c.labels is not None) is not head.multi_label for c in corrections):
        wanted = "sets of labels" if head.multi_label else "one label or entities each"
        raise InputError(f"Corrections to {wanted} were expected for {task}, some are not: delete those first.")
    given = {
        label
        for c in corrections
        for label in (c.label, *(c.labels or ()), *(span.label for span in c.spans))
        if label is not None
    }
    unknown = sorted(given - set(head.labels))
    if unknown:
        raise InputError(
            f"Corrections to one of {', '.join(head.labels)} were expected for {task}, some are to "
            f"{', '.join(unknown[:5])}: delete those first."
        )


def _budget(settings: Settings) -> dict[str, Any]:
    limits = {"max_steps": settings.max_steps, "max_minutes": settings.max_minutes}
    chosen = {"epochs": min(_EPOCHS, settings.max_epochs), "batch_tokens": _BATCH_TOKENS}
    return chosen | {name: limit for name, limit in limits.items() if limit is not None}


def _answered(head: Head, analysis: Analysis, *, several: bool) -> Correction:
    if head.kind is TaskKind.CLASSIFICATION:
        labels = answer_of(analysis, head.task)
        return Correction(analysis.text, labels=labels) if several else Correction(analysis.text, label=labels[0])
    found = analysis.entities[head.task]
    return Correction(analysis.text, spans=tuple(TypedSpan(e["start"], e["end"], e["entity_group"]) for e in found))


def _write(path: Path, corrections: Iterable[Correction]) -> Path:
    write_examples(path, (correction.example() for correction in corrections))
    return path
