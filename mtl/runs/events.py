"""Events of a training run, as frozen values that are stored as JSON lines."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, get_args

from mtl.errors import RunError
from mtl.jsonl import read_records


class StopReason(StrEnum):
    """Why a run ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    EARLY = "early_stopping"
    TIME = "time_up"
    NOTHING_TRAINS = "nothing_trains"


@dataclass(frozen=True, slots=True)
class Started:
    """The model and the data are loaded; training starts, or continues after `step` in a resumed run."""

    kind: ClassVar[str] = "started"
    total_steps: int
    steps_per_epoch: int
    tasks: tuple[str, ...]
    trained_parameters: int
    total_parameters: int
    device: str
    precision: str
    notes: tuple[str, ...] = ()
    step: int = 0
    solver: str = "sgd"
    """With `lbfgs` a step is an iteration over all examples of its task, and an epoch one of each task."""
    anchor: float | None = None
    """The weight that the run trains with; None in events of former versions."""
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step on a batch; `loss` is the unweighted mean over the units of `task`.

    A batch of tasks that share their texts gives an event for each of them, with the same `step`. A step of L-BFGS is
    an iteration over all examples of a task; its `learning_rate` is the length of the step that the line search took.
    """

    kind: ClassVar[str] = "step"
    step: int
    epoch: float
    task: str
    loss: float
    learning_rate: float
    tokens_per_second: float
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something is done otherwise than asked from `step` on; `message` is one sentence for the user."""

    kind: ClassVar[str] = "noticed"
    step: int
    message: str
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Every task measured on its dev data; keys are `eval/<task>/<metric>`, and `eval/embedding/drift` and the like.

    Of the steps since the evaluation before: `draws` counts the batches of each task and `losses` has their mean
    training loss; `weights` are the factors of the losses now. `gradient_cosines` `<task>/<task>` are measured
    where the recipe asks for it. With `at_end` it was due only because the run ended: one that goes on forgets it.
    """

    kind: ClassVar[str] = "evaluated"
    step: int
    metrics: Mapping[str, float]
    seconds: float
    draws: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    gradient_cosines: Mapping[str, float] = field(default_factory=dict)
    at_end: bool = False
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint was written; `name` is `best` or `last`.

    Summaries of the training texts, which come at the end of the run, are not in its size.
    """

    kind: ClassVar[str] = "saved"
    step: int
    name: str
    score: float | None
    size_bytes: int
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Finished:
    """The run ended in order."""

    kind: ClassVar[str] = "finished"
    step: int
    reason: StopReason
    seconds: float
    message: str
    memory_bytes: int = 0
    """The most that the process had in memory; 0 where it is not known."""
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ended by an error; `message` is one sentence for the user."""

    kind: ClassVar[str] = "failed"
    step: int
    message: str
    time: float = field(default_factory=time.time)


Event = Started | Step | Noticed | Evaluated | Saved | Finished | Failed
_KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in get_args(Event)}


def to_json(event: Event) -> str:
    """One line of `events.jsonl`, without the newline."""
    return json.dumps({"kind": event.kind, **asdict(event)}, ensure_ascii=False)


def from_record(record: Mapping[str, Any]) -> Event:
    """The event of a line of `events.jsonl`.

    Raises:
        RunError: it is no event of this version.
    """
    try:
        fields = dict(record)
        kind = _KINDS[fields.pop("kind")]
        if kind is Started:
            fields.update(tasks=tuple(fields["tasks"]), notes=tuple(fields["notes"]))
        if kind is Finished:
            fields.update(reason=StopReason(fields["reason"]))
        return kind(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"an event of a known kind was expected, was {str(record)[:80]}") from error


class EventReader:
    """The events of a run, read from its `events.jsonl` as they are written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start_over()

    def _start_over(self) -> None:
        self._events: list[Event] = []
        self._position, self._last_line = 0, b""

    def read(self) -> list[Event]:
        """All events so far; those of earlier calls are not read again, unless the file was replaced or cut.

        In place of a line that a crash cut off there is `Noticed`.

        Raises:
            RunError: an event is of another version, or the file cannot be read.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._start_over()
            return []
        except OSError as error:
            raise RunError(f"a readable file of events was expected: {error.strerror}", path=self._path) from error
        with file:
            # A new file may have the inode and size of the old one: what was read last must still stand in its place.
            file.seek(self._position - len(self._last_line))
            if file.read(len(self._last_line)) != self._last_line:
                self._start_over()
                file.seek(0)
            for line, record in read_records(file):
                self._events.append(self._cut_off() if record is None else from_record(record))
                self._position, self._last_line = self._position + len(line), line
        return list(self._events)

    def _cut_off(self) -> Noticed:
        step, time = (self._events[-1].step, self._events[-1].time) if self._events else (0, 0.0)
        return Noticed(step, f"line {len(self._events) + 1} of {self._path.name} was cut off and is left out", time)
