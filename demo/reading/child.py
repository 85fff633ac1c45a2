"""What a child does: one job with limits, and one answer."""

import os
import pickle
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from demo.reading.limits import ReadLimits
from demo.reading.wire import content_size, dump_answer, framed, header_size
from mtl.errors import MtlError

_NICENESS = 5  # answers of models come first


@dataclass(frozen=True)
class Job:
    """A function of a module without gradio and torch, its arguments, its limits, and `$MTL_HOME` if it is set."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    limits: ReadLimits
    home: str | None


class _Place:
    """Where this process is."""

    in_child = False


def is_child() -> bool:
    """Whether this process reads a file for the page, with limits."""
    return _Place.in_child


class Outcome(StrEnum):
    """How a job ended; the answer is a pair of it and the result, the error, or what was found."""

    RESULT = "result"
    REFUSED = "refused"
    NO_MEMORY = "no memory"
    TOO_DEEP = "too deep"
    TOO_LARGE = "too large"
    SYSTEM = "system"
    """An `OSError`: its number and its words."""
    FAILED = "failed"
    """A bug: the class of the exception, and where it came from, without its words, which may be the file's."""


def run_job(connection: socket.socket) -> int:
    """Receive a job, do it within its limits, and answer; returns the exit status."""
    os.nice(_NICENESS)
    _Place.in_child = True
    job: Job = pickle.loads(_received(connection, content_size(_received(connection, header_size()))))
    if job.home is not None:
        os.environ["MTL_HOME"] = job.home
    job.limits.impose()
    connection.sendall(framed(_answer(job)))
    connection.close()
    return 0


def _answer(job: Job) -> bytes:
    try:
        content = dump_answer((Outcome.RESULT.value, job.function(*job.arguments)))
        return content if len(content) <= job.limits.answer else _ended(Outcome.TOO_LARGE)
    except MtlError as error:
        return _refused(error)
    except MemoryError:
        job.limits.loosen()
        return _ended(Outcome.NO_MEMORY)
    except RecursionError:
        return _ended(Outcome.TOO_DEEP)
    except OSError as error:
        return _ended(Outcome.SYSTEM, (error.errno, error.strerror))
    except Exception as error:  # whatever a library raises over a file must not look like a crash
        frames = traceback.extract_tb(error.__traceback__)
        return _ended(Outcome.FAILED, (type(error).__name__, [f"{f.filename}:{f.lineno} {f.name}" for f in frames]))


def _refused(error: MtlError) -> bytes:
    try:
        return dump_answer((Outcome.REFUSED.value, error))
    except RecursionError:
        return _ended(Outcome.TOO_DEEP)


def _ended(outcome: Outcome, found: object = None) -> bytes:
    return dump_answer((outcome.value, found))


def _received(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(1 << 20, size - len(parts)))
        if not part:
            os._exit(0)  # the page gave up
        parts += part
    return bytes(parts)
