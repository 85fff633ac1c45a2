"""Processes that outlive the page: started in their own session, with their output in the run's log."""

import os
import subprocess
from collections.abc import Sequence

from demo.runs.limits import limit_memory, lower_priority
from demo.runs.shown import PROJECT
from demo.settings import Settings
from mtl.runs import RunFolder
from mtl.runs.lock import INHERITED, Lock, holder
from mtl.runs.processes import process_of, resident_bytes


def launch(command: Sequence[str], folder: RunFolder, lock: Lock, settings: Settings) -> subprocess.Popen[bytes]:
    """Start a command that takes over the lock of its run, and append its output to the run's log."""
    shared = {INHERITED: str(lock.descriptor)} if lock.is_real else {}
    with folder.log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
            pass_fds=(lock.descriptor,) if lock.is_real else (),
            env={**os.environ, **shared},
        )
    limit_memory(child.pid, settings)
    lower_priority(child.pid)
    lock.hand_over(process_of(child.pid))
    return child


def run_memory(folder: RunFolder) -> int | None:
    """The memory of the processes of a run in bytes, or None if there are none."""
    found = holder(folder.path)
    return resident_bytes(found.process) if found is not None and folder.is_held() else None
