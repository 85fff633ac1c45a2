"""The training loop, as a generator of events: the caller prints, plots and stops."""

import math
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from mtl.distributed import start
from mtl.errors import TrainingError
from mtl.memory import release_memory
from mtl.recipe.choices import Solver
from mtl.recipe.schema import Recipe
from mtl.runs.events import Event, Finished, StopReason
from mtl.scratch import release_pages
from mtl.stopping import StopRequested, stoppable
from mtl.training.accumulation import GradientAccumulator
from mtl.training.failure import explain
from mtl.training.resume import kept_steps
from mtl.training.session import STATE, Session
from mtl.training.setup import set_up
from mtl.training.solver_steps import solver_steps

_RELEASE_EVERY = 8  # steps; the tensors of a trained backbone, of ever new shapes, leave memory held and unused


def train(
    recipe: Recipe,
    *,
    folder: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: bool = False,
) -> Iterator[Event]:
    """Run a recipe.

    Where `accelerate launch` began several processes, each of them calls this with the same arguments. They share every
    batch and evaluation, so that the run is that of one process; the main one alone keeps files and hears a stop.

    Args:
        recipe: what to do.
        folder: where `best` and `last` checkpoints and the state to resume from go; None keeps nothing.
        should_stop: asked after each step, and while data are read, tokenised, cached and evaluated; True ends the run
            in order, with its weights.
        resume: go on from the state in `folder`, as if the run had never been interrupted.

    Yields:
        `Started`, `Evaluated` at step 0 and then as the recipe says, a `Step` for each task of a batch, `Saved`,
        `Finished`, and `Noticed` where something is done otherwise than asked; a resumed run has no `Evaluated` where
        it begins, unless dev data or `evaluation.best` have changed, or the stop cut off the one that was due there.

    Raises:
        MtlError: the recipe, its data or its backbone is not as expected, there is no state to resume from, or the
            loss or its gradient is not finite; then the weights of the step before are kept.
    """
    everyone = start()
    if not everyone.is_main:
        should_stop = _never
    within = _never if everyone.shards else should_stop  # whoever holds parts makes every pass with the others
    try:
        with stoppable(within):
            trainer = set_up(recipe, resumed=resume)
            session = Session(trainer, folder, within)
            changes = session.make_ready(resume=resume)
    except StopRequested:
        step = max(kept_steps(folder / STATE), default=0) if resume and folder is not None else 0
        yield Finished(step, StopReason.STOPPED, 0.0, "stopped while the model and the data were loaded")
        return
    try:
        yield from session.begin(changes)
        if trainer.schedule is None:
            yield from session.end(0, StopReason.NOTHING_TRAINS)
            return
        if trainer.schedule.solver is Solver.LBFGS:
            reason = yield from solver_steps(session, should_stop)
        else:
            reason = yield from _steps(session, recipe, should_stop)
    except StopRequested:
        reason = StopReason.STOPPED
    yield from session.end(session.done, reason)


def _never() -> bool:
    return False


def _reason_to_end(session: Session, step: int, should_stop: Callable[[], bool]) -> StopReason | None:
    """It depends on clocks and files, which differ between processes: the main one asks."""
    return session.reason_to_end(step) or (StopReason.STOPPED if should_stop() else None)


def _steps(session: Session, recipe: Recipe, should_stop: Callable[[], bool]) -> Generator[Event, None, StopReason]:
    """Make steps until there is a reason to end; `session.done` is the last one that was made."""
    trainer = session.trainer
    assert trainer.schedule is not None
    accumulate = GradientAccumulator(trainer, recipe.budget.micro_batch_tokens)
    optimization = trainer.schedule.optimization
    everyone, first = start(), session.first_step
    if (
        first and (reason := everyone.first(partial(session.reason_to_end, first))) is not None
    ):  # it was interrupted after that
        return reason
    trainer.freezer.train()
    for step, indices in enumerate(islice(trainer.schedule.sampler, first, None), start=first + 1):
        if trainer.enter_stage_of(step - 1):
            trainer.freezer.train()
        everyone.seed(recipe.seed, step)
        with stoppable(_never if everyone.shards else should_stop):  # the first batch fills the cache
            outcome = accumulate(indices)
        norm = optimization.clip_gradients(recipe.optimizer.clip)
        if not (math.isfinite(outcome.total) and math.isfinite(norm)):
            yield from session.keep_last_good(step - 1)
            raise TrainingError(f"step {step}: {explain(outcome, norm, model=trainer.loaded.model)}")
        rate = optimization.step()
        session.done = step
        yield from session.step(step, outcome, rate=rate)
        if session.is_evaluation_due(step):
            yield from session.evaluate(step)
            trainer.freezer.train()
        reason = everyone.first(partial(_reason_to_end, session, step, should_stop))
        if reason is not None:
            return reason
        if step % _RELEASE_EVERY == 0:
            (release_memory if trainer.freezer.plan.backbone_trains else release_pages)()
        session.keep_state(step)  # at the end `session.end` does: a state is never written over
    return StopReason.COMPLETED
