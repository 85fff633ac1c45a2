"""One run as it goes: when to measure, what to save, what to tell."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from mtl.checkpoint import Snapshot, save
from mtl.checkpoint.sample import drawn
from mtl.errors import RunError
from mtl.evaluation import MAIN_METRIC
from mtl.memory import release_memory
from mtl.recipe.choices import Precision
from mtl.recipe.loading import portable
from mtl.recipe.schema import Recipe
from mtl.runs.events import Evaluated, Event, Finished, Saved, Started, Step, StopReason
from mtl.training.accumulation import BatchOutcome
from mtl.training.gradients import gradient_cosines
from mtl.training.resume import Position, restore_state, save_state
from mtl.training.selection import CheckpointSelector
from mtl.training.setup import Trainer, TrainSchedule

_SPEED_WINDOW = 20  # steps over which tokens per second are averaged
_STATE = "resume"
_STATE_SECONDS = 120.0


@dataclass
class Session:
    """What a run remembers between steps, and the events it makes of it."""

    trainer: Trainer
    folder: Path | None
    begun: float = field(default_factory=time.monotonic)
    evaluated_step: int = -1
    metrics: dict[str, float] = field(default_factory=dict)
    first_step: int = 0
    state_kept: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.best = CheckpointSelector(self.recipe.evaluation, {n: t.kind for n, t in self.recipe.tasks.items()})
        self._speed: deque[tuple[float, int]] = deque(maxlen=_SPEED_WINDOW)
        self._losses: dict[str, list[float]] = {}

    def restore(self) -> int:
        """Put the state kept in the folder into the trainer; returns the step that it was kept after.

        Raises:
            RunError: there is no state of this recipe, or the run had come to its end.
        """
        if self.folder is None:
            raise RunError("a run folder was expected to resume from, none is given")
        position = restore_state(self.folder / _STATE, self.trainer)
        if position.step >= self.trainer.total_steps:
            raise RunError(f"{self.folder}: the run has come to its end at step {position.step}, nothing is left to do")
        self.trainer.settle_precision(Precision(position.precision))
        self.begun = time.monotonic() - position.seconds
        self.evaluated_step, self.metrics = position.evaluated_step, position.metrics
        self.best.score, self.best.step = position.best_score, position.best_step
        self.best.peaks, self.best.waited = position.peaks, position.waited
        self._losses = position.losses
        self.first_step = position.step
        return position.step

    def keep_state(self, step: int, *, now: bool = False) -> None:
        """Keep the state to resume from: at once, after an evaluation, and every two minutes."""
        due = now or step == self.evaluated_step or time.monotonic() - self.state_kept > _STATE_SECONDS
        if self.folder is None or not due:
            return
        seconds = time.monotonic() - self.begun
        best = self.best
        save_state(
            self.folder / _STATE,
            self.trainer,
            Position(
                step,
                seconds,
                self.evaluated_step,
                self.metrics,
                best.score,
                best.step,
                best.peaks,
                best.waited,
                self._losses,
                self.trainer.precision.value,
            ),
        )
        self.state_kept = time.monotonic()

    @property
    def recipe(self) -> Recipe:
        return self.trainer.recipe

    @property
    def _schedule(self) -> TrainSchedule:
        assert self.trainer.schedule is not None
        return self.trainer.schedule

    def started(self) -> Started:
        model, schedule = self.trainer.loaded.model, self.trainer.schedule
        return Started(
            total_steps=self.trainer.total_steps,
            steps_per_epoch=schedule.sampler.batches_per_epoch if schedule else 0,
            tasks=tuple(model.tasks),
            trained_parameters=self.trainer.trained_parameters,
            total_parameters=sum(p.numel() for p in model.parameters()),
            device=str(model.device),
            precision=self.trainer.precision.value,
            notes=self.trainer.notes(),
            step=self.first_step,
        )

    def step(self, step: int, outcome: BatchOutcome, *, rate: float) -> Iterator[Step]:
        """Count a step; one event for each of its tasks."""
        self._speed.append((time.monotonic(), outcome.token_count))
        seconds = self._speed[-1][0] - self._speed[0][0]
        tokens = sum(count for _, count in list(self._speed)[1:])
        for task, loss in outcome.losses.items():
            self._losses.setdefault(task, []).append(loss)
            yield Step(
                step=step,
                epoch=step / self._schedule.sampler.batches_per_epoch,
                task=task,
                loss=loss,
                learning_rate=rate,
                tokens_per_second=tokens / seconds if seconds else 0.0,
            )

    def is_evaluation_due(self, step: int) -> bool:
        schedule = self._schedule
        every = self.recipe.evaluation.every
        return step % (schedule.sampler.batches_per_epoch if every == "epoch" else every) == 0

    def reason_to_end(self, step: int) -> StopReason | None:
        """Why the run ends after this step, or None."""
        minutes = self.recipe.budget.max_minutes
        if step >= self.trainer.total_steps:
            return StopReason.COMPLETED
        if self.best.is_exhausted:
            return StopReason.EARLY
        if minutes is not None and time.monotonic() - self.begun > 60 * minutes:
            return StopReason.TIME
        return None

    def end(self, step: int, reason: StopReason) -> Iterator[Event]:
        """Measure and keep what the last step left.

        The state comes first: an evaluation that is due only because the run ends must not count when it goes on.
        """
        if self.trainer.schedule is not None:
            self.keep_state(step, now=True)
        if self.evaluated_step != step:
            yield from self.evaluate(step)
        yield from self.save(step, "last")
        yield self._finished(step, reason)

    def evaluate(self, step: int) -> Iterator[Event]:
        begun = time.monotonic()
        assert self.trainer.stage is not None
        self.metrics = self.trainer.stage.evaluate()
        self.evaluated_step = step
        yield Evaluated(
            step,
            self.metrics,
            time.monotonic() - begun,
            draws={name: len(losses) for name, losses in self._losses.items()},
            losses={name: sum(losses) / len(losses) for name, losses in self._losses.items()},
            weights=self.trainer.schedule.weights.factors() if self.trainer.schedule else {},
            gradient_cosines=gradient_cosines(self.trainer) if self.recipe.evaluation.gradient_cosine else {},
        )
        release_memory()
        self._losses = {}
        if self.best.is_better(step, self.metrics):
            yield from self.save(step, "best")

    def save(self, step: int, name: str) -> Iterator[Saved]:
        if self.folder is None:
            return
        dtype = torch.float16 if self.recipe.checkpoint.dtype == "float16" else torch.float32
        sample = {name: drawn(data.dev, self.recipe.checkpoint.sample) for name, data in self.trainer.task_data.items()}
        snapshot = Snapshot(step, self.metrics, portable(self.recipe), dtype, sample)
        size = save(self.trainer.loaded, self.folder / name, snapshot)
        yield Saved(step, name, self.best.score, size)

    def _finished(self, step: int, reason: StopReason) -> Finished:
        seconds = time.monotonic() - self.begun
        if reason is StopReason.NOTHING_TRAINS:
            message = "Nothing trains: every part is frozen, so the model was evaluated and saved as it is."
        else:
            main = ", ".join(
                f"{name} {MAIN_METRIC[task.kind]} {self.metrics[key]:.3f}"
                for name, task in self.trainer.loaded.model.tasks.items()
                if (key := f"eval/{name}/{MAIN_METRIC[task.kind]}") in self.metrics
            )
            message = f"{reason.replace('_', ' ')} after {step} steps" + (f": {main}" if main else "")
        return Finished(step, reason, seconds, message)
