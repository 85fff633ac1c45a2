"""The page's side: one function call in a child process with limits."""

import logging
import os
import pickle
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Concatenate, ParamSpec, TypeVar

from demo.forking import CannotFork, Child, ForkServer
from demo.reading.child import Job, Outcome, is_child
from demo.reading.limits import ReadLimits, limits_of
from demo.reading.wire import content_of, framed, header_size, load_answer
from demo.settings import Settings
from mtl.errors import InputError

_Result = TypeVar("_Result")
_Others = ParamSpec("_Others")
_AT_ONCE = 2
_BLOCK = 1 << 20
_TRIES = 2
_READERS = (
    "demo.inputs.drafts",
    "demo.inputs.columns",
    "demo.answers.gold",
    "demo.training.recipe_reading",
    "demo.training.corrected_data",
    "demo.training.measuring",
    "openpyxl",
    "pyarrow.parquet",
)
"""What children have in memory when they begin: neither torch nor gradio."""
_ALONE = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve more than they use, which counts as memory
    "ARROW_IO_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""One thread: every stack counts as memory."""
_server = ForkServer("demo.reading.child:run_job", _READERS, environment=_ALONE)
_slots = BoundedSemaphore(_AT_ONCE)
_log = logging.getLogger("polyhead.reading")


class EndedFromOutside(Exception):
    """A child gave no answer: a signal ended it, or its parent did."""


def in_child(
    function: Callable[Concatenate[Path, Settings, _Others], _Result],
) -> Callable[Concatenate[Path, Settings, _Others], _Result]:
    """Let a function that reads the file of a visitor run as by `read_in_child`, wherever it is called."""

    @wraps(function)
    def guarded(path: Path, settings: Settings, /, *others: _Others.args, **named: _Others.kwargs) -> _Result:
        if is_child():
            return function(path, settings, *others, **named)
        return read_in_child(partial(guarded, path, settings, *others, **named), path=path, settings=settings)

    return guarded


def read_in_child(function: Callable[..., _Result], *arguments: Any, path: Path, settings: Settings) -> _Result:  # noqa: ANN401
    """Call a function that reads a visitor's file, in a child process with the limits of the page.

    The function's module must import neither gradio nor torch, and its result is data (see `demo.reading.wire`). Where
    a system cannot fork, it is called here.

    Args:
        function: of a module.
        arguments: of it.
        path: the file, for messages.
        settings: of the page.

    Raises:
        MtlError: as the function; or it took too much memory or time, its result is too large, or it crashed.
        OSError: as the function.
    """
    if is_child() or not hasattr(os, "fork"):
        return function(*arguments)
    limits = limits_of(settings)
    if not _slots.acquire(timeout=limits.wall_seconds):
        raise InputError("other files are being read at the moment, try again in a minute", path=path)
    try:
        job = Job(function, arguments, limits, os.environ.get("MTL_HOME"))
        answer = _answer_or_again(job, path)
    finally:
        _slots.release()
    result: _Result = _result(answer, limits, path)
    return result


def _answer_or_again(job: Job, path: Path) -> tuple[str, Any]:
    """The answer of a child; if something ended it from outside, that of a second one.

    Raises:
        InputError: as `read_in_child`, or the second one was ended too.
    """
    for _ in range(_TRIES):
        try:
            with _server.fork() as child:
                return _answer(child, job, path)
        except (EndedFromOutside, CannotFork) as error:
            _log.warning("a reader was ended from outside, or there was none: %s", error)
    raise InputError("it cannot be read at the moment, try again in a minute", path=path)


def _answer(child: Child, job: Job, path: Path) -> tuple[str, Any]:
    deadline = time.monotonic() + job.limits.wall_seconds
    answer = bytearray()
    try:
        child.job.settimeout(job.limits.wall_seconds)
        with suppress(BrokenPipeError, ConnectionResetError):  # it ended; its status says how
            child.job.sendall(framed(pickle.dumps(job, protocol=pickle.HIGHEST_PROTOCOL)))
            while len(answer) <= job.limits.answer + header_size():
                child.job.settimeout(max(0.001, deadline - time.monotonic()))
                part = child.job.recv(_BLOCK)
                if not part:
                    break
                answer += part
            else:
                raise _too_large(job.limits, path)
    except TimeoutError as error:
        raise _refusal(path, f"to be read within {job.limits.wall_seconds:g} s") from error
    content = content_of(answer)
    if content is None:
        raise _ended_by(child.status(), job.limits, path)
    try:
        outcome, found = load_answer(content)
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, ImportError, IndexError) as error:
        _log.error("an answer of data was expected from a reader, was none (%s)", type(error).__name__)
        raise InputError("it cannot be read", path=path) from error
    return outcome, found


def _result(answer: tuple[str, Any], limits: ReadLimits, path: Path) -> Any:  # noqa: ANN401
    outcome, found = answer
    match Outcome(outcome):
        case Outcome.RESULT:
            return found
        case Outcome.REFUSED:
            raise found
        case Outcome.NO_MEMORY:
            raise _no_memory(limits, path)
        case Outcome.TOO_LARGE:
            raise _too_large(limits, path)
        case Outcome.TOO_DEEP:
            raise InputError("values that are not nested deeply were expected, were nested too deeply", path=path)
        case Outcome.SYSTEM:
            raise OSError(*found)
        case Outcome.FAILED:
            _log.error("reading a file failed: %s\n  %s", found[0], "\n  ".join(found[1]))
            raise InputError("it cannot be read", path=path)


def _ended_by(status: int | None, limits: ReadLimits, path: Path) -> InputError:
    """What a child's end without an answer means: a signal below 0."""
    if status == -signal.SIGXCPU:
        return _refusal(path, f"to be read within {limits.seconds:g} s of computing")
    if status is None or status in (-signal.SIGKILL, -signal.SIGTERM):
        raise EndedFromOutside(status)
    _log.error("a reader ended with status %s", status)
    return InputError("it cannot be read: reading it crashed, so it is damaged or of another kind", path=path)


def _no_memory(limits: ReadLimits, path: Path) -> InputError:
    return _refusal(path, f"that needs at most {limits.memory / 1e6:,.0f} MB of memory to be read")


def _too_large(limits: ReadLimits, path: Path) -> InputError:
    return _refusal(path, f"whose content takes at most {limits.answer / 1e6:,.0f} MB")


def _refusal(path: Path, limit: str) -> InputError:
    verb = "was expected, it takes longer" if limit.startswith("to be read") else "was expected, it takes more"
    return InputError(f"a file {limit} {verb}", path=path)
