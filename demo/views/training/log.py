"""The last lines that a run printed."""

import re
from html import escape

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def log_view(text: str) -> str:
    """Log lines as HTML; a line that a progress bar rewrote shows its last state."""
    lines = [_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in text.split("\n")]
    return f'<pre class="ph-log">{escape(chr(10).join(lines)) or "Nothing printed yet."}</pre>'
