"""A process that ends with the one that started it, however that ended."""

import os
import threading

ENDS_WITH_PARENT = "POLYHEAD_ENDS_WITH_PARENT"
"""Set for a process whose standard input is a pipe that nobody writes to.

The system closes the pipe when its other end goes. Linux can send a signal instead, but it does so already when the
thread that started the process ends, and a server starts processes in threads that come and go.
"""


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
