"""Processes that outlive the page: started in their own session, with their output in the run's log."""

import json
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import psutil

from demo.runs.shown import PROJECT
from mtl.runs import RunFolder
from mtl.runs.folder import process_is_alive

_NICENESS = 5
_LAUNCHED = "launched"


@dataclass(frozen=True, slots=True)
class Launched:
    """A process by its id and start time (seconds since the epoch), since ids are reused."""

    pid: int
    started: float


def launch(command: Sequence[str], folder: RunFolder) -> subprocess.Popen[bytes]:
    """Start a command, append its output to the run's log, and record its process in the folder."""
    with folder.log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
        )
    process = psutil.Process(child.pid)
    note = asdict(Launched(child.pid, process.create_time()))
    (folder.path / _LAUNCHED).write_text(json.dumps(note), encoding="utf-8")
    if os.name == "posix":
        with suppress(psutil.Error):  # it may have ended already
            process.nice(_NICENESS)
    return child


def launched_process(folder: RunFolder) -> Launched:
    """The process started for this folder; process id 0 if none was."""
    try:
        return Launched(**json.loads((folder.path / _LAUNCHED).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Launched(0, 0.0)


def was_launched_and_lives(folder: RunFolder) -> bool:
    """Whether the process still exists."""
    process = launched_process(folder)
    return process.pid > 0 and process_is_alive(process.pid, process.started)


def resident_memory(pid: int, started: float) -> int | None:
    """The memory of a process in bytes, or None if it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss) if process_is_alive(pid, started) else None
    except psutil.Error:
        return None
