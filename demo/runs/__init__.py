"""The run manager: starts training in separate processes and knows the owner of each run. No gradio, no torch."""

from demo.runs.info import RunInfo, status_of
from demo.runs.manager import RunManager

__all__ = ["RunInfo", "RunManager", "status_of"]
