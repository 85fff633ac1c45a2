"""What a process may take of the machine: the lowest priority, memory and time; the page that started it sees to it."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from demo.settings import Settings
from mtl.runs.processes import Process, resident_bytes

_LOWEST = 19
_SUDDEN = 1.25
"""What the system refuses to hand out, as a share of the limit: for memory taken faster than the page looks."""
_BESIDE_STEPS = 5.0  # minutes for loading, evaluating and saving; the recipe's own limit ends the steps


def lower_priority(pid: int) -> None:
    """Let every other process go first; what the system does not allow is left out.

    It is set from outside: code between fork and exec is not safe in a process with threads.
    """
    lower_process(pid)
    if sys.platform == "linux":
        lower_session(pid)


def lower_process(pid: int) -> None:
    """Let every other process of the same session go first."""
    with suppress(psutil.Error, OSError, AttributeError):
        psutil.Process(pid).nice(_LOWEST if os.name == "posix" else psutil.IDLE_PRIORITY_CLASS)
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def lower_session(pid: int) -> None:
    """Let every other session go first where a process has one of its own: Linux shares its processors among sessions.

    A process in the page's own session is left alone: the page and its terminal would go last too.
    """
    with suppress(OSError):
        if os.getsid(pid) != os.getsid(0):
            Path(f"/proc/{pid}/autogroup").write_text(str(_LOWEST))


def limit_memory(pid: int, settings: Settings) -> None:
    """Let the system refuse memory that is far over the limit, where it can; torch then halves its batches."""
    most = sudden_memory(settings)
    if most is None or sys.platform != "linux":
        return
    import resource

    with suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))


def sudden_memory(settings: Settings | None) -> int | None:
    """Bytes of data that the system refuses to go beyond, None without a limit."""
    most = settings.max_run_memory_mb if settings is not None else None
    return None if most is None else int(_SUDDEN * most * 1e6)


def broken_limit(process: Process, settings: Settings) -> tuple[str, bool] | None:
    """The limit that a run is over in one sentence, and whether it must end at once; None within all limits."""
    most = settings.max_run_memory_mb
    if most is not None and (resident_bytes(process) or 0) > 1e6 * most:
        return f"This run needed more than {most:,.0f} MB of memory, the limit of this page.", True
    if settings.max_minutes is not None:
        minutes = settings.max_minutes + _BESIDE_STEPS
        if process.age > 60 * minutes:
            return f"This run took longer than {minutes:g} minutes, the limit of this page.", False
    return None
