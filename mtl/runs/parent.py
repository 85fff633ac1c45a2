"""A process that ends with the one that started it, however that ended."""

import os
import subprocess
import threading
from collections.abc import Mapping
from typing import Any

ENDS_WITH_PARENT = "POLYHEAD_ENDS_WITH_PARENT"
"""Set for a process whose standard input is a pipe that nobody writes to.

The system closes the pipe when its other end goes. Linux can send a signal instead, but it does so already when the
thread that started the process ends, and a server starts processes in threads that come and go.
"""


def ending_with_parent(environment: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a `python -m mtl` that ends with this process, and its environment.

    Where a thread that waits for standard input can keep libraries from being loaded, as on Windows, it does not.
    """
    if os.name != "posix":
        return {"stdin": subprocess.DEVNULL, "env": dict(environment)}
    return {"stdin": subprocess.PIPE, "env": {**environment, ENDS_WITH_PARENT: "1"}}


def end_with_parent() -> None:
    """Where the variable is set, end this process as soon as its standard input does."""
    if os.environ.pop(ENDS_WITH_PARENT, None):
        threading.Thread(target=_wait, name="end with parent", daemon=True).start()


def _wait() -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    os._exit(1)
