"""What a training run tells its caller, as frozen values that travel as JSON lines."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from mtl.errors import RunError


class StopReason(StrEnum):
    """Why a run ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    EARLY = "early_stopping"
    TIME = "time_up"
    NOTHING_TRAINS = "nothing_trains"


@dataclass(frozen=True, slots=True)
class Started:
    """The model and the data are loaded; training begins, or goes on after `step` where a run was resumed."""

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
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step on a batch; `loss` is the unweighted mean over the units of `task`.

    A batch of tasks that share their texts gives an event for each of them, with the same `step`.
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
    where the recipe asks for it.
    """

    kind: ClassVar[str] = "evaluated"
    step: int
    metrics: Mapping[str, float]
    seconds: float
    draws: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    gradient_cosines: Mapping[str, float] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint was written; `name` is `best` or `last`."""

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
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ended by an error; `message` is one sentence for the user."""

    kind: ClassVar[str] = "failed"
    step: int
    message: str
    time: float = field(default_factory=time.time)


Event = Started | Step | Noticed | Evaluated | Saved | Finished | Failed
_KINDS: dict[str, type[Event]] = {
    kind.kind: kind for kind in (Started, Step, Noticed, Evaluated, Saved, Finished, Failed)
}


def to_json(event: Event) -> str:
    """One line of `events.jsonl`, without the newline."""
    return json.dumps({"kind": event.kind, **asdict(event)}, ensure_ascii=False)


def from_json(line: str) -> Event:
    """Read one line of `events.jsonl`.

    Raises:
        RunError: the line is no event of this version.
    """
    try:
        record: dict[str, Any] = json.loads(line)
        kind = _KINDS[record.pop("kind")]
        if kind is Started:
            record.update(tasks=tuple(record["tasks"]), notes=tuple(record["notes"]))
        if kind is Finished:
            record.update(reason=StopReason(record["reason"]))
        return kind(**record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"an event line of a known kind was expected, was {line[:80]!r}") from error
