"""The run manager: starts training as processes of their own, and knows whose run is whose. No gradio, no torch."""

from demo.runs.info import RunInfo, status_of
from demo.runs.manager import RunManager

__all__ = ["RunInfo", "RunManager", "status_of"]
