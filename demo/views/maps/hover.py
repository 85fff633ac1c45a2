"""Text inside a figure: Plotly interprets a subset of HTML, so the text is escaped, wrapped and shortened."""

import textwrap
from html import escape


def hover_text(text: str, *, width: int = 52, lines: int = 5) -> str:
    """A sentence for a hover box, in lines of at most `width` characters."""
    wrapped = textwrap.wrap(text, width=width, max_lines=lines, placeholder=" …") or [""]
    return "<br>".join(escape(line, quote=False) for line in wrapped)
