"""Files of visitors are read in child processes with limits, so that none of them can stop the page. No gradio."""

from demo.reading.client import read_in_child

__all__ = ["read_in_child"]
