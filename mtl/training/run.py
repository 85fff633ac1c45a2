"""A run in its folder: the loop's events written down for everybody who watches."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from mtl.errors import MtlError
from mtl.recipe import Recipe, dump
from mtl.runs import Event, Failed, Finished, RunFolder, RunState, Saved, Started, Status, Step, StopReason
from mtl.training.loop import train


def run_in_folder(recipe: Recipe, path: Path) -> Iterator[Event]:
    """Train, and keep recipe, status, events and checkpoints in a run folder.

    Yields:
        The loop's events, each already on disk; a failure is written as `Failed` and raised.

    Raises:
        MtlError: as `train`; or the folder holds a run already.
    """
    folder = RunFolder(path)
    folder.create()
    folder.recipe.write_text(dump(recipe), encoding="utf-8")
    now = time.time()
    pid = os.getpid()
    status = Status(RunState.STARTING, pid, psutil.Process(pid).create_time(), started=now, updated=now)
    folder.write_status(status)
    try:
        for event in train(recipe, folder=path, should_stop=folder.stop_requested):
            folder.append(event)
            status = _next(status, event)
            folder.write_status(status)
            yield event
    except MtlError as error:
        _fail(folder, status, str(error))
        raise
    except GeneratorExit:
        folder.write_status(replace(status, state=RunState.STOPPED, updated=time.time(), message="stopped"))
        raise
    except BaseException as error:
        _fail(folder, status, f"{type(error).__name__}: {error}; the log has the whole story")
        raise


def _fail(folder: RunFolder, status: Status, message: str) -> None:
    folder.append(Failed(status.step, message))
    folder.write_status(replace(status, state=RunState.FAILED, updated=time.time(), message=message))


def _next(status: Status, event: Event) -> Status:
    status = replace(status, updated=event.time)
    match event:
        case Started():
            # The pace counts from here: loading is not part of a step.
            return replace(status, state=RunState.RUNNING, total_steps=event.total_steps, started=event.time)
        case Step():
            return replace(status, step=event.step)
        case Saved(name="best"):
            return replace(status, best_score=event.score, best_step=event.step)
        case Finished():
            stopped = event.reason is StopReason.STOPPED
            return replace(
                status, state=RunState.STOPPED if stopped else RunState.FINISHED, message=event.message, step=event.step
            )
        case _:
            return status
