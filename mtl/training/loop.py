"""The training loop, as a generator of events: the caller prints, plots and stops."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

import torch

from mtl.errors import TrainingError
from mtl.recipe.schema import Recipe
from mtl.runs.events import Event, StopReason
from mtl.training.losses import batch_loss
from mtl.training.session import Session
from mtl.training.setup import set_up


def train(
    recipe: Recipe,
    *,
    folder: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
) -> Iterator[Event]:
    """Run a recipe.

    Args:
        recipe: what to do.
        folder: where `best` and `last` checkpoints and the state to resume from go; None keeps nothing.
        should_stop: asked after each step; True ends the run in order, with its weights.
        resume: go on from the state in `folder`, as if the run had never been interrupted.

    Yields:
        `Started`, `Evaluated` at step 0 and then as the recipe says, a `Step` for each batch, `Saved`, `Finished`;
        a resumed run has no `Evaluated` at step 0.

    Raises:
        MtlError: the recipe, its data or its backbone is not as expected, there is no state to resume from, or the
            loss is no number; then the last good weights are kept.
    """
    trainer = set_up(recipe)
    session = Session(trainer, folder)
    step = begun = session.restore() if resume else 0
    trainer.enter_stage_of(begun)
    yield session.started()
    if not resume:
        yield from session.evaluate(0)
    if trainer.course is None:
        yield from session.end(0, StopReason.NOTHING_TRAINS)
        return
    reason: StopReason | None = None
    autocast = autocast_of(recipe, trainer.loaded.model.device)
    trainer.freezer.train()
    for step, draw in enumerate(islice(trainer.course.sampler, begun, None), start=begun + 1):
        if trainer.enter_stage_of(step - 1):
            trainer.freezer.train()
        batch = trainer.batch(draw)
        with autocast:
            loss = batch_loss(trainer.loaded.model, batch, weights=trainer.course.weights, anchor=recipe.anchor)
        if not bool(torch.isfinite(loss.total)):
            yield from session.save(step - 1, "last")
            raise TrainingError(_exploded(step, batch.task, loss.total))
        if loss.total.requires_grad:  # a stage may leave a task nothing to train, such as similarity while heads train
            torch.autograd.backward(loss.total)
        rate = trainer.course.optimization.step(clip=recipe.optimizer.clip)
        yield session.step(step, batch, loss.task, rate=rate)
        if session.is_evaluation_due(step):
            yield from session.evaluate(step)
            trainer.freezer.train()
        reason = session.reason_to_end(step) or (StopReason.STOPPED if should_stop() else None)
        if reason is not None:
            break
        session.keep_state(step)  # at the end `session.end` does: a state is never written over
    yield from session.end(step, reason or StopReason.COMPLETED)


def autocast_of(recipe: Recipe, device: torch.device) -> AbstractContextManager[object]:
    """The precision of the forward pass."""
    if recipe.precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def _exploded(step: int, task: str, loss: torch.Tensor) -> str:
    return (
        f"step {step}: the loss of {task} is {loss.item()}, so training ends here with the weights of the step before; "
        "a lower optimizer.backbone_lr or optimizer.head_lr is the usual cure"
    )
