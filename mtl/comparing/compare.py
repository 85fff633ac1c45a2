"""`compare`: the same data, seeds and budget under several strategies, each run in a process of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mtl.comparing.report import Outcome
from mtl.comparing.strategies import Strategy
from mtl.data import data_fingerprint, read_task
from mtl.errors import MtlError, RecipeError, RunError
from mtl.inference.known_reading import with_known_reading
from mtl.inference.source import find_model
from mtl.json_text import parse_json
from mtl.recipe import Recipe, TaskConfig, dump, load
from mtl.runs import Evaluated, Finished, RunFolder, Saved, Started, StopReason
from mtl.runs.lock import Lock, holding
from mtl.runs.parent import ending_with_parent

_UNSAFE = re.compile(r"[^\w.-]")  # in the name of a folder
_REQUEST, _DATA, _BACKBONE = "request.yaml", "data.json", "backbone.sha256"
_LOOK_SECONDS = 0.02
_Data = Mapping[str, Mapping[str, Any]]


class SomeFailed(RunError):
    """Strategies that may fail have failed, and all others are done."""


@dataclass(frozen=True)
class _Inputs:
    """The fingerprints of what a run reads: of each task's data, and of the backbone, None where it is not found."""

    data: _Data
    backbone: str | None


def compare(strategies: Sequence[Strategy], *, seeds: Sequence[int], folder: Path) -> Iterator[Outcome]:
    """Run every strategy with every seed, seed by seed, and yield each outcome as the run ends.

    The runs share the activation cache. A run of the same recipe, data and backbone that is complete in `folder` is not
    done again, so an interrupted comparison continues where it was.

    Raises:
        RecipeError: a seed came twice.
        RunError: a run failed, with its message, or has no best checkpoint: at once, or after the others (`SomeFailed`)
            where the strategy may fail; or `folder` holds a complete run of another recipe, other data or another
            backbone, or another process owns it.
        DataError: a data file is not as expected.
    """
    twice = sorted(seed for seed, count in Counter(seeds).items() if count > 1)
    if twice:
        raise RecipeError(f"each seed once was expected, {', '.join(map(str, twice))} came twice", key="--seeds")
    folder.mkdir(parents=True, exist_ok=True)
    with holding(folder) as lock:
        yield from _compare(strategies, seeds, folder, lock)


def _compare(strategies: Sequence[Strategy], seeds: Sequence[int], folder: Path, lock: Lock) -> Iterator[Outcome]:
    read = [_read_tasks(one) for one in strategies]
    tasks = {_key(name, task): (name, task) for own in read for name, task in own.items()}
    data = {key: asdict(data_fingerprint(read_task(name, task))) for key, (name, task) in tasks.items()}
    fingerprint = cache(_fingerprint)  # of each backbone before its first run, which may have to fetch it
    failed: list[str] = []
    for seed in seeds:
        for strategy, settled in zip(strategies, read, strict=True):
            run = RunFolder(folder / f"{_UNSAFE.sub('-', strategy.name)}-seed{seed}")
            recipe = strategy.recipe.model_copy(update={"seed": seed})
            own_data = {name: data[_key(name, task)] for name, task in settled.items()}
            own = _Inputs(own_data, fingerprint(recipe.backbone))
            if _is_complete(run):
                _require_same(run, recipe, own)
            else:
                try:
                    _run(Strategy(strategy.name, recipe), run, own, lock)
                except RunError as error:
                    if not strategy.may_fail or run.stop_reason() is not None:
                        raise
                    failed.append(str(error))
                    continue
            yield _outcome(strategy.name, seed, run)
    if failed:
        raise SomeFailed("; ".join(failed))


def _read_tasks(strategy: Strategy) -> Mapping[str, TaskConfig]:
    """The tasks as their data are read: with the losses of pairs that a checkpoint has."""
    try:
        return with_known_reading(strategy.recipe).tasks
    except MtlError:  # its run says what is wrong
        return strategy.recipe.tasks


def _key(name: str, task: TaskConfig) -> str:
    """Of the data of a task: strategies may read different rows of the same files."""
    return f"{name} {task.model_dump_json()}"


def _fingerprint(backbone: str) -> str | None:
    """Of a backbone or checkpoint; a path alone does not tell that it was replaced."""
    try:
        return find_model(backbone).fingerprint()
    except MtlError:  # a run says what is wrong
        return None


def _require_same(run: RunFolder, recipe: Recipe, inputs: _Inputs) -> None:
    """Refuse a complete run that is not the one asked for; one from before the fingerprints is taken by its recipe."""
    before, file = _whole(load(run.path / _REQUEST)), run.path / _DATA
    known: _Data = parse_json(file.read_text(encoding="utf-8")) if file.is_file() else inputs.data
    differs = [key for key, value in _whole(recipe).items() if before[key] != value]
    differs += [f"the data of {task}" for task, data in inputs.data.items() if known.get(task) != data]
    file = run.path / _BACKBONE
    if inputs.backbone and file.is_file() and file.read_text(encoding="utf-8") != inputs.backbone:
        differs.append(f"the files of the backbone {recipe.backbone}")
    if differs:
        raise RunError(
            f"a complete run of this recipe was expected, it differs in {', '.join(differs)}; give another folder, or "
            "remove this one",
            path=run.path,
        )


def _whole(recipe: Recipe) -> dict[str, Any]:
    """Every value of a recipe, also of heads that it does not describe: earlier versions wrote them out."""
    content = recipe.model_dump(mode="json")
    for name, task in recipe.tasks.items():
        content["tasks"][name]["head"] = task.head.model_dump(mode="json")
    return content


def _run(strategy: Strategy, run: RunFolder, inputs: _Inputs, lock: Lock) -> None:
    """Train in a child, which holds the comparison's lock too: the folder is owned until the last process has ended.

    The child ends with this process, however that ends.
    """
    shutil.rmtree(run.path, ignore_errors=True)  # an attempt that was interrupted, with its request to stop
    run.create()
    request = run.path / _REQUEST
    request.write_text(dump(strategy.recipe), encoding="utf-8")
    (run.path / _DATA).write_text(json.dumps(inputs.data), encoding="utf-8")
    if inputs.backbone:
        (run.path / _BACKBONE).write_text(inputs.backbone, encoding="utf-8")
    lock.is_shared = True
    command = [sys.executable, "-m", "mtl", "train", str(request), "--run-dir", str(run.path)]
    with (
        run.log_file.open("wb") as log,
        _counted_signals() as signals,
        subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock.descriptor,) if lock.is_real else (),
            **ending_with_parent(os.environ),
        ) as process,
    ):
        status = _status_of(process, signals)
    if not status:  # what has come to its end is kept, whatever comes then
        (run.path / "memory").write_text(str(_memory(run)), encoding="utf-8")
    if signals:
        raise KeyboardInterrupt
    if status:
        raise RunError(run.log_tail(1) or "the run failed", key=f"{strategy.name}, seed {strategy.recipe.seed}")
    if not _is_complete(run):
        raise RunError("the run was stopped before its end", key=f"{strategy.name}, seed {strategy.recipe.seed}")


@contextmanager
def _counted_signals() -> Iterator[list[int]]:
    """SIGINT and SIGTERM received in this block, collected and not acted on: the run has to end before this process.

    Only the main thread of a process can set handlers; elsewhere the list stays empty.
    """
    seen: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    heard = [number for number in numbers if signal.getsignal(number) not in (None, signal.SIG_IGN)]
    with ExitStack() as restored:
        for number in heard:
            restored.callback(signal.signal, number, signal.getsignal(number))
            signal.signal(number, lambda number, _: seen.append(number))
        yield seen


def _status_of(process: subprocess.Popen[bytes], signals: Sequence[int]) -> int:
    """The exit status of a run; the first signal asks it to end, and the second one kills it.

    A terminal sends Ctrl-C to the run too, which then ends at once: an interrupted run is started again anyway.
    """
    heard = 0
    while (status := process.poll()) is None:
        if len(signals) > heard:
            heard += 1
            process.terminate() if heard == 1 else process.kill()
        time.sleep(_LOOK_SECONDS)
    return status


def _memory(run: RunFolder) -> int:
    return max((event.memory_bytes for event in run.events() if isinstance(event, Finished)), default=0)


def _is_complete(run: RunFolder) -> bool:
    ends = [event for event in run.events() if isinstance(event, Finished)]
    return (run.path / "memory").is_file() and bool(ends) and ends[-1].reason is not StopReason.STOPPED


def _outcome(strategy: str, seed: int, run: RunFolder) -> Outcome:
    events = list(run.events())
    started = next(event for event in events if isinstance(event, Started))
    saved = [event for event in events if isinstance(event, Saved) and event.name == "best"]
    if not saved:
        message = "a best checkpoint was expected, no evaluation gave finite metrics"
        raise RunError(message, key=f"{strategy}, seed {seed}")
    best = saved[-1]
    measured = next(e for e in reversed(events) if isinstance(e, Evaluated) and e.step == best.step)
    finished = next(event for event in events if isinstance(event, Finished))
    memory = int((run.path / "memory").read_text(encoding="utf-8"))
    metrics = dict(measured.metrics)
    parameters = started.trained_parameters, started.total_parameters
    return Outcome(strategy, seed, metrics, finished.seconds, memory, run.bytes_of(best), *parameters)
