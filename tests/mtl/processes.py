"""Child processes that are real and can be killed; forked, so that they import nothing anew.

What a run would import on the way is imported here: else each child would do it again.
"""

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import peft  # noqa: F401
import scipy.stats  # noqa: F401
import seqeval.metrics  # noqa: F401
import sklearn.metrics  # noqa: F401

import mtl.cli.training  # noqa: F401
from tests.waiting import CEILING, until

FORK = multiprocessing.get_context("fork")
_SS_DISABLE = 2


def start(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Begin some work in a child; an exception there is an exit code other than 0."""
    process = FORK.Process(target=_bounded, args=(work, *arguments))
    process.start()
    return process


def _bounded(work: Callable[..., object], *arguments: object) -> None:
    end_if_stuck()
    work(*arguments)


def end_if_stuck() -> None:
    """In a child: end it after a while, with the place where it hangs; a lock that a fork copied is never released.

    Not by `faulthandler.dump_traceback_later`: it waits for the thread of the parent that does the same there.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, file=2, chain=True)
    signal.alarm(int(CEILING))


def forget_signal_stack() -> None:
    """In a child that gets signals: OpenVINO's signal stack is memory that a forked child does not have."""
    nothing = (ctypes.c_size_t * 3)(0, _SS_DISABLE, 0)
    ctypes.CDLL(None).sigaltstack(nothing, None)


def exit_code(process: BaseProcess) -> int | None:
    """How a child ended; minus the signal where it was killed."""
    process.join(CEILING)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError("a child process did not end")
    return process.exitcode


def kill_at(file: Path, process: BaseProcess) -> None:
    """Kill a child as soon as it has made this file; it takes no notice of anything after that."""
    wait_for(file, process)
    process.kill()
    assert exit_code(process) == -signal.SIGKILL


def wait_for(file: Path, process: BaseProcess) -> None:
    """Wait until a child has made this file."""

    def made() -> bool:
        assert process.is_alive() or file.exists(), "the child ended before it made the file"
        return file.exists()

    until(made, f"the file {file}")


def sleep_at(file: Path) -> None:
    """In a child: make the file and wait to be killed."""
    file.touch()
    time.sleep(CEILING)
    os._exit(1)
