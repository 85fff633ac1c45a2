"""One line of text in its place: what went wrong, what to do next, what a pass cost."""

from collections.abc import Sequence
from html import escape

from mtl.inference.analysis import Analysis


def problem(sentence: str) -> str:
    """An error, to stand beside the control that caused it."""
    return f'<p class="ph-problem" role="alert">{escape(sentence)}</p>'


def note(sentence: str) -> str:
    """A quiet remark."""
    return f'<p class="ph-note">{escape(sentence)}</p>'


def empty(sentence: str) -> str:
    """What an empty place says: the next thing to do."""
    return f'<div class="ph-empty"><p>{escape(sentence)}</p></div>'


def cost(analyses: Sequence[Analysis], seconds: float) -> str:
    """Sentences, tokens and milliseconds of one pass, and whether any text was cut."""
    tokens = sum(analysis.tokens for analysis in analyses)
    cut = [analysis for analysis in analyses if analysis.cut_at is not None]
    parts = [f"{len(analyses):,} sentences"] if len(analyses) > 1 else ["one pass"]
    parts += [f"{tokens:,} tokens", f"{max(seconds * 1000, 1):,.0f} ms"]
    if not cut:
        parts.append("nothing cut")
    elif len(analyses) == 1:
        parts.append(f"cut after character {cut[0].cut_at:,} of {len(cut[0].text):,}")
    else:
        parts.append(f"{len(cut)} cut at the model’s maximum length")
    emphasis = " ph-cut" if cut else ""
    return f'<p class="ph-cost{emphasis}">{" · ".join(escape(part) for part in parts)}</p>'


def shorten(text: str, length: int) -> str:
    """At most so many characters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
