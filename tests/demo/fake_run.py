"""Stands in for `python -m mtl train`: says hello, then waits to be stopped."""

import os
import sys
import time
from pathlib import Path

import psutil

from mtl.runs import RunFolder, RunState, Status

folder = RunFolder(Path(sys.argv[sys.argv.index("--run-dir") + 1]))
print("hello from", sys.argv[1], flush=True)
started = psutil.Process(os.getpid()).create_time()
deadline = time.monotonic() + 15
while not folder.stop_requested() and time.monotonic() < deadline:
    folder.write_status(Status(RunState.RUNNING, os.getpid(), started, started, time.time(), 1, 10))
    time.sleep(0.05)
folder.write_status(Status(RunState.STOPPED, os.getpid(), started, started, time.time(), 2, 10))
