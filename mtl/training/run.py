"""A run in its folder: the loop's events written down for everybody who watches."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from mtl.checkpoint.store import put_back
from mtl.distributed import start
from mtl.errors import MtlError, RunError
from mtl.inference.known_reading import with_known_texts
from mtl.recipe import Precision, Recipe, Solver, dump, load
from mtl.runs import Event, Failed, Finished, RunFolder, RunState, Saved, Started, Status, Step, StopReason
from mtl.runs.folder import NO_ROOM
from mtl.runs.lock import holding
from mtl.tracking import TrackingListener, need_trackers
from mtl.training.keeping_summaries import BEST
from mtl.training.loop import train
from mtl.training.resume import kept_evaluation, kept_steps


def resume_in_folder(path: Path) -> Iterator[Event]:
    """Go on with an interrupted run from the newest state in its folder, with its recipe.

    Events after that state are dropped: the run will live through those steps again. A run that was interrupted
    before its first state begins anew.

    Raises:
        RunError: the folder holds no run, or the run is still going on or has come to its end.
        MtlError: as `train`.
    """
    folder = RunFolder(path)
    folder.read_status()
    with holding(path):
        status = folder.read_status()
        if status.state is RunState.FINISHED:
            raise RunError(f"the run has come to its end at step {status.step}, nothing is left to do", path=path)
        recipe = load(folder.recipe)
        need_trackers(recipe.tracking)
        if status.state is not RunState.QUEUED:  # whoever queues a run removes an old request, so one is new by now
            folder.stop_file.unlink(missing_ok=True)
        put_back(folder.best)
        has_state = bool(kept_steps(folder.resume))
        if not has_state:
            folder.events_file.unlink(missing_ok=True)
        else:  # a run settles its solver before its first state; one from before there was a choice had AdamW
            recipe = recipe.with_solver(Solver.SGD)
        yield from _follow(recipe, folder, status, resume=has_state)


def run_in_folder(recipe: Recipe, path: Path) -> Iterator[Event]:
    """Train, and keep recipe, status, events and checkpoints in a run folder.

    Yields:
        The loop's events, each already on disk; a failure is written as `Failed` and raised.

    Raises:
        MtlError: as `train`; or the folder holds a run already, or another process owns it.
    """
    need_trackers(recipe.tracking)
    folder = RunFolder(path)
    folder.create()
    with holding(path):
        now = time.time()
        status = Status(RunState.STARTING, 0, 0.0, started=_asked_at(folder, now), updated=now)
        try:
            _write_recipe(recipe, folder)
        except OSError as error:  # nothing has begun, so there is no event either: the folder can be used again
            with suppress(OSError):
                folder.write_status(replace(status, state=RunState.FAILED, message=_sentence_of(error)))
            raise
        yield from _follow(recipe, folder, status, resume=False)


def share_run(recipe: Recipe) -> None:
    """Take part in the run that the main process begins or goes on with in its folder, and write nothing.

    Raises:
        MtlError: as `train`.
    """
    path, resume = start().first(lambda: (Path(), False))
    for _ in train(recipe, folder=path, resume=resume):
        pass


def _asked_at(folder: RunFolder, now: float) -> float:
    """When the run was asked for: one that has waited in a queue keeps its time, and so its name."""
    try:
        return folder.read_status().started
    except RunError:
        return now


def _write_recipe(recipe: Recipe, folder: RunFolder) -> None:
    temporary = folder.recipe.with_suffix(".tmp")
    temporary.write_text(dump(recipe), encoding="utf-8")
    temporary.replace(folder.recipe)


def _follow(recipe: Recipe, folder: RunFolder, status: Status, *, resume: bool) -> Iterator[Event]:
    pid = os.getpid()
    started = psutil.Process(pid).create_time()
    status = replace(status, state=RunState.STARTING, pid=pid, pid_started=started, updated=time.time(), message="")
    folder.write_status(status)
    tracking = TrackingListener(recipe.tracking, folder.path, recipe)
    try:
        start().first(lambda: (folder.path, resume))  # for those in `share_run`
        known = recipe
        with suppress(MtlError):  # which all processes find and tell together, when they load the model
            known = with_known_texts(recipe)
        for event in train(recipe, folder=folder.path, should_stop=folder.stop_requested, resume=resume):
            if isinstance(event, Started):
                if resume:
                    folder.drop_events_after(event.step, evaluated=kept_evaluation(folder.resume))
                    status = _with_best_of(folder, status)
                settled = _settled(known, event)
                if settled != recipe:
                    _write_recipe(settled, folder)
            notices = tracking.hear(event)
            events: list[Event] = [*notices, event] if isinstance(event, Finished) else [event, *notices]
            for told in events:
                folder.append(told)
                status = _next(status, told)
                folder.write_status(status)
                yield told
    except MtlError as error:
        _fail(folder, status, str(error))
        raise
    except (GeneratorExit, KeyboardInterrupt):
        message = "stopped at once; resuming goes on from the last state that was kept"
        folder.write_status(replace(status, state=RunState.STOPPED, updated=time.time(), message=message))
        raise
    except BaseException as error:
        _fail(folder, status, _sentence_of(error))
        raise
    finally:
        tracking.close()


def _with_best_of(folder: RunFolder, status: Status) -> Status:
    """The status with the best checkpoint that the events of a run know."""
    saved = [event for event in folder.events() if isinstance(event, Saved) and event.name == BEST]
    score, step = (saved[-1].score, saved[-1].step) if saved else (None, None)
    return replace(status, best_score=score, best_step=step)


def _settled(recipe: Recipe, event: Started) -> Recipe:
    """The recipe with what was chosen for the values that nobody set, as the run trains.

    Args:
        recipe: with long texts and words as its checkpoint reads them.
        event: of the run.
    """
    if not event.total_steps:  # nothing trains, so nothing else is chosen
        return recipe
    settled = recipe.with_precision(Precision(event.precision)).with_solver(Solver(event.solver))
    return settled if event.anchor in (None, recipe.anchor) else settled.settled(anchor=event.anchor)


def _sentence_of(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in NO_ROOM or "No space left on device" in str(error):
        return "the disk is full, so the run ends here; what was saved before is kept, and the run can be resumed"
    if isinstance(error, MemoryError):
        return "more memory was needed than this process may have; a smaller batch or a shorter max_length needs less"
    if isinstance(error, OSError) and error.strerror:  # the folder stays in the log
        where = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
        return f"{where}{error.strerror}; the log has the whole story"
    return f"{type(error).__name__}: {error}; the log has the whole story"


def _fail(folder: RunFolder, status: Status, message: str) -> None:
    with suppress(OSError):  # of a full disk: the status is what counts
        folder.append(Failed(status.step, message))
    with suppress(OSError):
        folder.write_status(replace(status, state=RunState.FAILED, updated=time.time(), message=message))


def _next(status: Status, event: Event) -> Status:
    status = replace(status, updated=event.time)
    match event:
        case Started():
            # The pace counts from here: loading is not part of a step.
            return replace(
                status,
                state=RunState.RUNNING,
                step=event.step,
                total_steps=event.total_steps,
                first_step=event.step,
                training_began=event.time,
            )
        case Step():
            return replace(status, step=event.step)
        case Saved(name=name) if name == BEST:
            return replace(status, best_score=event.score, best_step=event.step)
        case Finished():
            stopped = event.reason is StopReason.STOPPED
            return replace(
                status, state=RunState.STOPPED if stopped else RunState.FINISHED, message=event.message, step=event.step
            )
        case _:
            return status
