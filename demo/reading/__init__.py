"""Files of visitors are read in child processes with limits, so that none of them can stop the page. No gradio."""

from demo.reading.client import in_child, read_in_child

__all__ = ["in_child", "read_in_child"]
