"""Processes that outlive the page: started in their own session, with their output in the run's log."""

import os
import subprocess
from collections.abc import Sequence

from demo.runs.limits import limit_memory, lower_priority
from demo.runs.shown import PROJECT
from demo.settings import Settings
from mtl.runs import RunFolder, Status
from mtl.runs.lock import INHERITED, RECORDED, Lock, holder
from mtl.runs.processes import process_of, resident_bytes


def launch(command: Sequence[str], folder: RunFolder, lock: Lock, settings: Settings) -> subprocess.Popen[bytes]:
    """Start a command that takes over the lock of its run, and append its output to the run's log."""
    with folder.log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
            pass_fds=(lock.descriptor,) if lock.is_real else (),
            env={**os.environ, INHERITED: str(lock.descriptor) if lock.is_real else RECORDED},
        )
    limit_memory(child.pid, settings)
    lower_priority(child.pid)
    lock.hand_over(process_of(child.pid))
    return child


def run_memory(folder: RunFolder, status: Status) -> int | None:
    """The memory of the processes of a run in bytes, or None if there are none."""
    found = holder(folder.path)
    if found is None:  # a run from before the locks
        return resident_bytes(process_of(status.pid)) if status.pid > 0 else None
    return resident_bytes(found.process) if folder.is_held() else None
