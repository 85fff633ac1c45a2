"""The steps of a run by L-BFGS, as a generator of events like those of the loop."""

import math
from collections.abc import Callable, Generator

from mtl.errors import TrainingError
from mtl.runs.events import Event, StopReason
from mtl.stopping import stoppable
from mtl.training.accumulation import BatchOutcome
from mtl.training.session import Session


def solver_steps(session: Session, should_stop: Callable[[], bool]) -> Generator[Event, None, StopReason]:
    """Make iterations of the tasks in turn until each is at its optimum, or there is another reason to end.

    The task with the fewest iterations is next, so a resumed run goes on as it would have.

    Raises:
        TrainingError: a loss is not finite; then the weights of the iteration before are kept.
    """
    trainer, step = session.trainer, session.first_step
    if step and (reason := session.reason_to_end(step)) is not None:  # it was interrupted after that
        return reason
    with stoppable(should_stop):  # the features are computed here
        solvers = trainer.solvers()
    tokens = {task: data.tokens for data in trainer.data.train.values() for task in data.tasks}
    while left := [name for name, solver in solvers.items() if not solver.is_done]:
        name = min(left, key=lambda one: solvers[one].iterations)
        found = solvers[name].step()
        step += 1
        if not math.isfinite(found.loss):
            yield from session.keep_last_good(step - 1)
            raise TrainingError(f"step {step}: the loss of {name} is {found.loss}, so training ends here")
        session.done = step
        outcome = BatchOutcome({name: found.loss}, found.loss, tokens[name])
        yield from session.step(step, outcome, rate=found.length)
        if session.is_evaluation_due(step):
            yield from session.evaluate(step)
        reason = session.reason_to_end(step) or (StopReason.STOPPED if should_stop() else None)
        if reason is not None:
            return reason
        session.keep_state(step)
    return StopReason.COMPLETED
