"""The training loop, as a generator of events: the caller prints, plots and stops."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch

from mtl.checkpoint import Snapshot, save
from mtl.errors import TrainingError
from mtl.evaluation import MAIN_METRIC, evaluate
from mtl.freezing import Freezer
from mtl.heads import ClassificationHead, SimilarityHead, TaggingHead
from mtl.model import MultiTaskModel
from mtl.recipe.schema import Recipe
from mtl.runs.events import Evaluated, Event, Finished, Saved, Started, Step, StopReason
from mtl.training.best import BestKeeper
from mtl.training.prepared import TrainBatch
from mtl.training.setup import Trainer, set_up

_SPEED_WINDOW = 20  # steps over which tokens per second are averaged


def train(
    recipe: Recipe, *, folder: Path | None = None, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Run a recipe.

    Args:
        recipe: what to do.
        folder: where `best` and `last` checkpoints go; None keeps nothing.
        should_stop: asked after each step; True ends the run in order, with its weights.

    Yields:
        `Started`, `Evaluated` at step 0 and then as the recipe says, a `Step` for each batch, `Saved`, `Finished`.

    Raises:
        MtlError: the recipe, its data or its backbone is not as expected, or the loss is no number.
    """
    trainer = set_up(recipe)
    session = _Session(trainer, folder)
    yield session.started()
    yield from session.evaluate(0)
    if trainer.sampler is None or trainer.optimization is None:
        yield from session.save(0, "last")
        yield session.finished(0, StopReason.NOTHING_TRAINS)
        return
    reason = StopReason.COMPLETED
    step = 0
    autocast = _autocast(recipe, trainer.loaded.model.device)
    trainer.freezer.train()
    for step, draw in enumerate(trainer.sampler, start=1):
        batch = trainer.batch(draw)
        with autocast:
            loss = task_loss(trainer.loaded.model, batch)
        torch.autograd.backward(loss * recipe.tasks[batch.task].weight)
        session.check(loss, step, batch.task)
        trainer.optimization.step(clip=recipe.optimizer.clip)
        yield session.step(step, batch, loss)
        if session.is_evaluation_due(step):
            yield from session.evaluate(step)
            trainer.freezer.train()
        if session.best.is_exhausted:
            reason = StopReason.EARLY
        elif should_stop() or session.is_time_up():
            reason = StopReason.STOPPED
        if step >= trainer.total_steps or reason is not StopReason.COMPLETED:
            break
    if session.evaluated_step != step:
        yield from session.evaluate(step)
    yield from session.save(step, "last")
    yield session.finished(step, reason)


def task_loss(model: MultiTaskModel, batch: TrainBatch) -> torch.Tensor:
    """The mean loss over the units of a batch: sentences, words or pairs."""
    head = model.heads[batch.task]
    encoded = model.encoder(batch.tokens)
    if isinstance(head, TaggingHead):
        emissions = head(encoded.hidden, batch.tokens.first_tokens)
        return head.loss(emissions, batch.targets, batch.tokens.word_mask)
    if isinstance(head, SimilarityHead):
        first, second = encoded.embedding.chunk(2)
        return head.loss(head(first, second), batch.targets)
    assert isinstance(head, ClassificationHead)
    return head.loss(head(encoded.pooled), batch.targets)


def _autocast(recipe: Recipe, device: torch.device) -> AbstractContextManager[object]:
    if recipe.precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


@dataclass
class _Session:
    """What the loop remembers between steps, and the events it makes of it."""

    trainer: Trainer
    folder: Path | None
    begun: float = field(default_factory=time.monotonic)
    evaluated_step: int = -1
    metrics: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.best = BestKeeper(self.recipe.evaluation, {n: t.kind for n, t in self.recipe.tasks.items()})
        self._speed: deque[tuple[float, int]] = deque(maxlen=_SPEED_WINDOW)

    @property
    def recipe(self) -> Recipe:
        return self.trainer.recipe

    @property
    def freezer(self) -> Freezer:
        return self.trainer.freezer

    def started(self) -> Started:
        model, sampler = self.trainer.loaded.model, self.trainer.sampler
        return Started(
            total_steps=self.trainer.total_steps,
            steps_per_epoch=sampler.batches_per_epoch if sampler else 0,
            tasks=tuple(model.tasks),
            trained_parameters=self.freezer.trained_parameters(),
            total_parameters=sum(p.numel() for p in model.parameters()),
            device=str(model.device),
            precision="bf16" if self.recipe.precision == "bf16" else "fp32",
            notes=self.trainer.notes(),
        )

    def step(self, step: int, batch: TrainBatch, loss: torch.Tensor) -> Step:
        assert self.trainer.sampler and self.trainer.optimization
        self._speed.append((time.monotonic(), batch.token_count))
        seconds = self._speed[-1][0] - self._speed[0][0]
        tokens = sum(count for _, count in list(self._speed)[1:])
        return Step(
            step=step,
            epoch=step / self.trainer.sampler.batches_per_epoch,
            task=batch.task,
            loss=float(loss.detach()),
            learning_rate=self.trainer.optimization.head_lr,
            tokens_per_second=tokens / seconds if seconds else 0.0,
        )

    def check(self, loss: torch.Tensor, step: int, task: str) -> None:
        if not bool(torch.isfinite(loss)):
            raise TrainingError(
                f"step {step}: the loss of {task} is {float(loss)}, so training ends here; "
                "a lower optimizer.backbone_lr or optimizer.head_lr is the usual cure"
            )

    def is_evaluation_due(self, step: int) -> bool:
        assert self.trainer.sampler
        every = self.recipe.evaluation.every
        return step % (self.trainer.sampler.batches_per_epoch if every == "epoch" else every) == 0

    def is_time_up(self) -> bool:
        minutes = self.recipe.budget.max_minutes
        return minutes is not None and time.monotonic() - self.begun > 60 * minutes

    def evaluate(self, step: int) -> Iterator[Event]:
        begun = time.monotonic()
        loaded = self.trainer.loaded
        self.metrics = {
            f"eval/{name}/{metric}": value
            for name, dev in self.trainer.dev.items()
            for metric, value in evaluate(loaded.model, loaded.tokenizer, name, dev).items()
        }
        self.evaluated_step = step
        yield Evaluated(step, self.metrics, time.monotonic() - begun)
        if self.best.is_better(step, self.metrics):
            yield from self.save(step, "best")

    def save(self, step: int, name: str) -> Iterator[Saved]:
        if self.folder is None:
            return
        dtype = torch.float16 if self.recipe.checkpoint.dtype == "float16" else torch.float32
        snapshot = Snapshot(step, self.metrics, self.recipe.model_dump(mode="json"), dtype)
        size = save(self.trainer.loaded, self.folder / name, snapshot)
        yield Saved(step, name, self.best.score, size)

    def finished(self, step: int, reason: StopReason) -> Finished:
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
