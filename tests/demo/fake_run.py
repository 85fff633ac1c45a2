"""Stands in for `python -m mtl`: says hello, then waits to be stopped; a comparison is one run that ends at once."""

import json
import os
import sys
import time
from pathlib import Path

import psutil

from mtl.runs import RunFolder, RunState, Status
from tests.waiting import until

option = "--resume" if "--resume" in sys.argv else "--run-dir"
folder = RunFolder(Path(sys.argv[sys.argv.index(option) + 1]))
print("hello from", *sys.argv[1:], flush=True)
started = psutil.Process(os.getpid()).create_time()


def write(state: RunState, step: int, place: RunFolder = folder) -> None:
    place.write_status(Status(state, os.getpid(), started, started, time.time(), step, 10))


if sys.argv[1] == "compare":
    member = RunFolder(folder.path / "full-seed42")
    member.create()
    (member.path / "request.yaml").touch()
    write(RunState.FINISHED, 10, member)
    Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps([]))
    sys.exit(0)
folder.recipe.write_text((folder.path / "request.yaml").read_text())
write(RunState.RUNNING, 1)
until(folder.stop_requested, "a request to stop")
write(RunState.STOPPED, 2)
