"""The last lines of the log of a run."""

import re
from html import escape

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def log_view(text: str) -> str:
    """Log lines as HTML; of a line rewritten by a progress bar, the last state."""
    lines = [_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in text.split("\n")]
    return f'<pre class="ph-log">{escape(chr(10).join(lines)) or "The log is empty."}</pre>'
