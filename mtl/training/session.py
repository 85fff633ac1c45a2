"""A run between its steps: when to evaluate, what to save, and the events that tell of it."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from mtl.checkpoint.rounding import as_stored
from mtl.checkpoint.sample import drawn
from mtl.checkpoint.store import Snapshot, out_of_range, save
from mtl.distributed import is_shared, lost_as_error, world
from mtl.errors import RunError
from mtl.evaluation import main_metric_name
from mtl.inference.known_reading import stored_recipe
from mtl.memory import peak_memory, release_memory
from mtl.recipe.schema import Recipe
from mtl.runs.events import Evaluated, Event, Finished, Noticed, Saved, Started, Step, StopReason
from mtl.stopping import StopRequested, stoppable
from mtl.training.accumulation import BatchOutcome
from mtl.training.clock import RunClock
from mtl.training.failure import has_finite_weights
from mtl.training.gradients import gradient_cosines
from mtl.training.inputs import changed_data, inputs_of, is_measured_otherwise
from mtl.training.keeping_summaries import BEST, LAST, keep_summaries
from mtl.training.resume import keep_best, load_state, put_best_back, save_state
from mtl.training.selection import CheckpointSelector
from mtl.training.setup import Trainer
from mtl.training.state import Progress, apply, capture, has_other_rates

STATE = "resume"
"""The folder of the states, in the run folder."""
_STATE_SECONDS = 120.0
_LAST_EVALUATION = 20.0
"""Seconds that an evaluation still has when the run is asked to stop: what it finds may be the best."""
_LAST_SUMMARIES = 20.0
"""Seconds further that summaries of the training texts have."""


class Session:
    """What a run remembers between steps.

    Args:
        trainer: as it was set up.
        folder: where checkpoints and states go; None keeps nothing.
        should_stop: whether the run was asked to stop.
    """

    def __init__(self, trainer: Trainer, folder: Path | None, should_stop: Callable[[], bool]) -> None:
        self.trainer, self.folder = trainer, folder
        self.selector = CheckpointSelector(self.recipe.evaluation, self.recipe.tasks, trainer.data.dev)
        self.clock = RunClock()
        self.first_step = self.done = 0
        self._should_stop = should_stop
        self._stop_seen: float | None = None
        self._inputs = inputs_of(trainer)
        self._evaluated_step = -1
        self._metrics: Mapping[str, float] = {}
        self._losses: dict[str, list[float]] = {}
        self._notes: tuple[str, ...] = ()
        self._told_of_range = False
        self._state_kept = time.monotonic()

    @property
    def recipe(self) -> Recipe:
        return self.trainer.recipe

    def make_ready(self, *, resume: bool) -> tuple[str, ...]:
        """Choose the precision or restore the kept state, and enter the stage; returns what has changed since.

        Raises:
            RunError: there is no state of this recipe and these labels.
        """
        changes: tuple[str, ...] = ()
        self._agree()
        if resume:
            with world().together():
                changes = self._restore()
        else:
            self._notes = self.trainer.settle_precision()
        made_before = 1 if self._lacks_evaluation else 0  # it belongs to the stage of the step that was made
        self.trainer.enter_stage_of(self.first_step - made_before)
        return changes

    def begin(self, changes: tuple[str, ...]) -> Iterator[Event]:
        """Tell of the run and of what has changed since it was interrupted.

        An untrained model is evaluated, one whose figures of before cannot be compared with those to come, and one
        whose evaluation was cut off by a stop.

        Raises:
            StopRequested: as `evaluate`.
        """
        yield self._started()
        yield from (Noticed(self.first_step, change) for change in changes)
        if self._evaluated_step < 0 or self._lacks_evaluation:
            yield from self.evaluate(self.first_step)

    @property
    def _lacks_evaluation(self) -> bool:
        """Whether an evaluation was due after the last step that was made, and the state does not know its figures."""
        step = self.first_step
        return step > 0 and self._evaluated_step < step and self.is_evaluation_due(step)

    def _agree(self) -> None:
        """Make sure that all processes train the same model on the same data.

        Raises:
            RunError: one of them has read something else.
        """
        told = world().gather(lambda: (self._inputs, self.recipe.model_dump_json(exclude={"precision"})))
        for rank, (inputs, recipe) in enumerate(told):
            data = told[0][0].data
            differs = [f"tasks.{name}" for name in data if inputs.data.get(name) != data[name]]
            differs += ["labels or weights"] * (inputs != told[0][0]) + ["recipe"] * (recipe != told[0][1])
            if differs:
                raise RunError(f"the same {differs[0]} was expected in each process, process {rank} has another")
        if self.trainer.schedule is not None:
            trained = self.trainer.schedule.optimization.parameters
            world().copy_from_main_([p.data for p in trained if not is_shared(p.data)])

    def _restore(self) -> tuple[str, ...]:
        """Put the kept state back; returns what has changed since."""
        if self.folder is None:
            raise RunError("a run folder was expected to resume from, none is given")
        state = load_state(self.folder / STATE)
        changes = tuple(changed_data(state.progress.inputs, self._inputs))
        if has_other_rates(state, self.trainer):
            changes += (
                "the learning rates or the weight decay of the recipe changed since the run was interrupted; it goes "
                "on with those that it began with",
            )
        apply(state, self.trainer)
        progress = state.progress
        self.trainer.changed_tasks = frozenset(
            name for name, data in self._inputs.data.items() if progress.inputs.data[name].train != data.train
        )
        self.trainer.settle_precision(progress.precision)
        self.clock = RunClock(progress.seconds)
        self.first_step = self.done = progress.step
        if not is_measured_otherwise(progress.inputs, self._inputs):  # else the best is chosen anew
            if self.selector.go_on_from(progress.selection):
                self._evaluated_step, self._metrics = progress.evaluated_step, progress.metrics
            else:
                told = "evaluation.best changed since the run was interrupted; the best checkpoint is chosen anew"
                changes += (told,)
        if world().is_main:
            put_best_back(self.folder / STATE, self.folder / BEST)
        self._losses = dict(progress.losses)
        tasks = self.trainer.loaded.model.tasks
        for name, thresholds in progress.thresholds.items():
            tasks[name] = replace(tasks[name], thresholds=tuple(thresholds))
        for name, temperature in progress.temperatures.items():
            tasks[name] = replace(tasks[name], temperature=temperature)
        return changes

    def keep_state(self, step: int, *, now: bool = False) -> None:
        """Keep the state to resume from: at once, after an evaluation, and every two minutes."""
        due = now or step == self._evaluated_step or time.monotonic() - self._state_kept > _STATE_SECONDS
        if world().shards:  # it is put together from the parts of all
            due = world().first(lambda: due)
        if self.folder is None or not due or not (world().is_main or world().shards):
            return
        progress = Progress(
            step,
            self.clock.seconds,
            self.trainer.precision,
            self._inputs,
            self._evaluated_step,
            self._metrics,
            self._losses,
            self.selector.selection,
            {name: task.thresholds for name, task in self.trainer.loaded.model.tasks.items() if task.thresholds},
            {name: task.temperature for name, task in self.trainer.loaded.model.tasks.items()},
            self.trainer.stage_index,
        )
        state = capture(self.trainer, progress)
        if world().is_main:
            save_state(self.folder / STATE, state)
        self._state_kept = time.monotonic()

    def _started(self) -> Started:
        model = self.trainer.loaded.model
        return Started(
            total_steps=self.trainer.total_steps,
            steps_per_epoch=self._steps_per_epoch,
            tasks=tuple(model.tasks),
            trained_parameters=self.trainer.trained_parameters,
            total_parameters=sum(p.numel() for p in model.parameters()),
            device=str(model.device),
            precision=self.trainer.precision.value,
            notes=(*self.trainer.notes(), *self._notes, *_processes_note()),
            step=self.first_step,
            solver=self.recipe.solver.value,
            anchor=self.trainer.recipe.anchor,
        )

    @property
    def _steps_per_epoch(self) -> int:
        return self.trainer.schedule.steps_per_epoch if self.trainer.schedule else 0

    def step(self, step: int, outcome: BatchOutcome, *, rate: float) -> Iterator[Event]:
        """Count a step; one event for each notice that came with it, and for each of its tasks."""
        yield from (Noticed(step, message) for message in self.trainer.taken_notices())
        pace = self.clock.pace(outcome.token_count)
        for task, loss in outcome.losses.items():
            self._losses.setdefault(task, []).append(loss)
            yield Step(
                step=step,
                epoch=step / self._steps_per_epoch,
                task=task,
                loss=loss,
                learning_rate=rate,
                tokens_per_second=pace,
            )

    def is_evaluation_due(self, step: int) -> bool:
        """Whether the recipe wants an evaluation after this step."""
        assert self.trainer.schedule is not None
        return step % self.trainer.schedule.steps_between(self.recipe.evaluation.every) == 0

    def reason_to_end(self, step: int) -> StopReason | None:
        """Why the run ends after this step, or None."""
        minutes = self.recipe.budget.max_minutes
        if step >= self.trainer.total_steps:
            return StopReason.COMPLETED
        if self.selector.is_exhausted:
            return StopReason.EARLY
        if minutes is not None and self.clock.seconds > 60 * minutes:
            return StopReason.TIME
        return None

    def end(self, step: int, reason: StopReason) -> Iterator[Event]:
        """Evaluate and save the weights of the last step.

        The state comes first: an evaluation that is due only because the run ends must not count when it goes on.
        """
        if self.trainer.schedule is not None and (step == 0 or step != self.first_step):  # else it is that of before
            self.keep_state(step, now=True)
        try:
            if self._evaluated_step != step:
                if reason is StopReason.STOPPED and self.folder is not None and world().is_main:
                    keep_best(self.folder / STATE, self.folder / BEST)
                yield from self.evaluate(step, at_end=True)
        except StopRequested:  # the weights are worth more than their figures
            self._metrics = {}
        yield from self.save(step, LAST)
        yield from self._keep_summaries(step)
        yield Finished(step, reason, self.clock.seconds, self._summary(step, reason), peak_memory())

    def _keep_summaries(self, step: int) -> Iterator[Event]:
        """Summarise the training texts; the main process does, while the others wait."""
        if self.folder is None:
            return
        work = partial(keep_summaries, self.trainer, self.folder, step)
        with stoppable(partial(self._should_give_up, _LAST_EVALUATION + _LAST_SUMMARIES)):
            missing = world().first(work)
        if missing is not None:
            yield Noticed(step, missing)

    def evaluate(self, step: int, *, at_end: bool = False) -> Iterator[Event]:
        """Measure every task with dev data and the drift of the embedding; the best so far is saved.

        The figures, temperatures and thresholds are those of the weights as a checkpoint has them.

        Raises:
            StopRequested: the run was asked to stop, and the evaluation does not come to its end soon.
        """
        began = time.monotonic()
        assert self.trainer.stage is not None
        with (
            stoppable(partial(self._should_give_up, _LAST_EVALUATION)),
            lost_as_error(),
            as_stored(self.trainer.loaded, self._stored_dtype),
        ):
            metrics = self.trainer.stage.evaluate()
        is_best = self.selector.update(step, metrics)
        self._evaluated_step, self._metrics = step, _finite(metrics)
        losses, self._losses = self._losses, {}
        yield Evaluated(
            step,
            self._metrics,
            time.monotonic() - began,
            draws={name: len(own) for name, own in losses.items()},
            losses={name: sum(own) / len(own) for name, own in losses.items()},
            weights=self.trainer.schedule.weights.factors() if self.trainer.schedule else {},
            gradient_cosines=_finite(gradient_cosines(self.trainer)) if self.recipe.evaluation.gradient_cosine else {},
            at_end=at_end,
        )
        release_memory()
        missing = ", ".join(name.removeprefix("eval/") for name in metrics if name not in self._metrics)
        if missing:
            yield Noticed(step, f"not finite, so left out of this evaluation: {missing}")
        if is_best:
            yield from self.save(step, BEST)

    @property
    def _stored_dtype(self) -> torch.dtype:
        return torch.float16 if self.recipe.checkpoint.dtype == "float16" else torch.float32

    def _should_give_up(self, seconds: float) -> bool:
        """Whether work has had so much time since the run was asked to stop."""
        if not self._should_stop():
            return False
        if self._stop_seen is None:
            self._stop_seen = time.monotonic()
        return time.monotonic() - self._stop_seen >= seconds

    def keep_last_good(self, step: int) -> Iterator[Event]:
        """Save the weights before a step that cannot be made, unless they are not finite themselves."""
        if self._evaluated_step != step:
            self._metrics = {}  # they are those of other weights
        if has_finite_weights(self.trainer.loaded.model):
            yield from self.save(step, LAST)

    def save(self, step: int, name: str) -> Iterator[Event]:
        """Write a checkpoint of the weights as they are; the main process does."""
        if self.folder is None or not (world().is_main or world().shards):
            return
        dtype = self._stored_dtype
        sample = {name: drawn(data.dev, self.recipe.checkpoint.sample) for name, data in self.trainer.task_data.items()}
        too_large = out_of_range(self.trainer.loaded, dtype)
        if too_large and not self._told_of_range:
            self._told_of_range = True
            shown = ", ".join(too_large[:3]) + (f" and {len(too_large) - 3} more" if len(too_large) > 3 else "")
            yield Noticed(step, f"values beyond the range of float16, so stored as float32: {shown}")
        snapshot = Snapshot(step, self._metrics, stored_recipe(self.recipe, self.trainer.loaded), dtype, sample)
        size = save(self.trainer.loaded, self.folder / name, snapshot)
        yield Saved(step, name, self.selector.selection.score, size)

    def _summary(self, step: int, reason: StopReason) -> str:
        if reason is StopReason.NOTHING_TRAINS:
            return "Nothing trains: every part is frozen, so the model was evaluated and saved as it is."
        main = ", ".join(
            f"{name} {main_metric_name(task)} {self._metrics[key]:.3f}"
            for name, task in self.trainer.loaded.model.tasks.items()
            if (key := f"eval/{name}/{main_metric_name(task)}") in self._metrics
        )
        return f"{reason.replace('_', ' ')} after {step} steps" + (f": {main}" if main else "")


def _processes_note() -> tuple[str, ...]:
    size = world().size
    return (f"{size} processes share each batch and each evaluation",) if size > 1 else ()


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
