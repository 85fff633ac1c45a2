"""Suspect labels of a run's data, found by `python -m mtl suspects` in a separate process. No gradio, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demo.runs.commands import Command, Work
from demo.settings import Settings
from demo.training.corrections import Correction, Corrections
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.recipe import Recipe, TaskConfig, TaskKind, load
from mtl.runs import RunFolder

MOST = 100
_MINUTES = 30.0


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """A suspect as the command writes it; `start` and `end` are the characters of a suspect span, 0 for classes."""

    part: str
    row: int
    score: float
    given: Correction
    suggested: Correction
    start: int = 0
    end: int = 0

    @property
    def key(self) -> str:
        """What tells it from the other suspects of a task."""
        return f"{self.part} {self.row} {self.start}"

    @property
    def text(self) -> str:
        """The text of the example."""
        return self.given.text


@dataclass(frozen=True)
class SuspectList:
    """The suspects of one task of a run that nobody has decided on, their number at first, and notes."""

    run: str
    task: str
    suspects: tuple[SuspectLabel, ...]
    total: int
    examples: int
    notes: tuple[str, ...] = ()

    def without(self, decided: SuspectLabel) -> "SuspectList":
        """The list without one of its suspects."""
        return replace(self, suspects=tuple(one for one in self.suspects if one is not decided))


def labelled_tasks(recipe: Recipe) -> list[str]:
    """The tasks that can have suspect labels."""
    return [name for name, task in recipe.tasks.items() if task.kind is not TaskKind.SIMILARITY]


def find(run: RunFolder, run_id: str, task: str | None, settings: Settings) -> SuspectList:
    """The suspects of one task of a run.

    Raises:
        InputError: no task is chosen.
        RunError: the data are missing or too few, or the time limit was exceeded.
    """
    config = load(run.recipe).tasks.get(task or "")
    if task is None or config is None:
        raise InputError("Choose a task with labels first.")
    arguments = ["suspects", str(run.path), "--task", task, "--most", str(MOST)]
    seconds = 60 * (settings.max_minutes or _MINUTES)
    (answer,) = Command(arguments, settings=settings, work=Work.TORCH).answer(seconds=seconds)
    suspects = tuple(_suspect(row, config) for row in answer["suspects"])
    return SuspectList(run_id, task, suspects, answer["total"], answer["examples"], tuple(answer["notes"]))


def accept(suspect: SuspectLabel, task: str, corrections: Corrections) -> None:
    """Keep the suggestion as a correction; of a text with several suspect spans each changes its own part."""
    wanted = suspect.suggested
    if suspect.end:
        earlier = next((c for c in corrections.of(task) if c.text == suspect.text), suspect.given)
        wanted = Correction(suspect.text, spans=_with_part(earlier.spans, suspect))
    corrections.keep(task, wanted)


def undecided(found: SuspectList, corrections: Corrections) -> SuspectList:
    """The list without suspects whose suggestion is a correction already, whoever accepted it and when."""
    by_text = {correction.text: correction for correction in corrections.of(found.task)}
    left = tuple(one for one in found.suspects if not _is_accepted(one, by_text.get(one.text)))
    return replace(found, suspects=left)


def _is_accepted(suspect: SuspectLabel, correction: Correction | None) -> bool:
    if correction is None or not suspect.end:
        return correction == suspect.suggested
    parts = [
        {span for span in side.spans if span.start < suspect.end and suspect.start < span.end}
        for side in (correction, suspect.suggested)
    ]
    return parts[0] == parts[1]


def _with_part(spans: tuple[TypedSpan, ...], suspect: SuspectLabel) -> tuple[TypedSpan, ...]:
    def overlaps(span: TypedSpan) -> bool:
        return span.start < suspect.end and suspect.start < span.end

    new = [span for span in suspect.suggested.spans if overlaps(span)]
    outside = [s for s in spans if not overlaps(s) and all(s.end <= n.start or n.end <= s.start for n in new)]
    return tuple(sorted([*outside, *new], key=lambda span: span.start))


def _suspect(row: Mapping[str, Any], config: TaskConfig) -> SuspectLabel:
    given, suggested = (_correction(row["text"], row[side], config) for side in ("given", "suggested"))
    return SuspectLabel(row["part"], row["row"], row["score"], given, suggested, row["start"], row["end"])


def _correction(text: str, answer: Sequence[Any], config: TaskConfig) -> Correction:
    if config.kind is TaskKind.TAGGING:
        return Correction(text, spans=tuple(TypedSpan(s["start"], s["end"], s["label"]) for s in answer))
    return Correction(text, labels=tuple(answer)) if config.multi_label else Correction(text, label=answer[0])
