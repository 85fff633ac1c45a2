"""Run folders and the events in them; no torch, so that a page can read them at once."""

from mtl.home import home
from mtl.runs.events import Evaluated, Event, Failed, Finished, Noticed, Saved, Started, Step, StopReason
from mtl.runs.folder import RunFolder, RunState, Status, new_run_id, runs_root

__all__ = [
    "Evaluated",
    "Event",
    "Failed",
    "Finished",
    "Noticed",
    "RunFolder",
    "RunState",
    "Saved",
    "Started",
    "Status",
    "Step",
    "StopReason",
    "home",
    "new_run_id",
    "runs_root",
]
