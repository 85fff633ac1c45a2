"""One-line texts: errors, next steps, and the cost of a pass."""

from collections.abc import Iterable, Sequence
from html import escape

from demo.runs.shown import sentence_of
from mtl.errors import MtlError
from mtl.inference.analysis import Analysis


def problem(what: MtlError | str) -> str:
    """An error, shown next to the control that caused it."""
    sentence = what if isinstance(what, str) else sentence_of(what)
    return f'<p class="ph-problem" role="alert">{escape(sentence)}</p>'


def first_of(count: int, shown: int) -> str:
    """How many of so many rows are shown, where these are not all."""
    return note(f"The first {shown} of {count:,} are shown.") if count > shown else ""


def note(sentence: str) -> str:
    """A note."""
    return f'<p class="ph-note">{escape(sentence)}</p>'


def notes(sentences: Iterable[str]) -> str:
    """Several notes."""
    return "".join(map(note, sentences))


def empty(sentence: str) -> str:
    """An empty state: what to do next."""
    return f'<div class="ph-empty"><p>{escape(sentence)}</p></div>'


def cost(analyses: Sequence[Analysis], seconds: float) -> str:
    """Sentences, tokens and milliseconds of one pass, and whether any text was cut."""
    cut = [analysis for analysis in analyses if analysis.cut_at is not None]
    where = f"cut after character {cut[0].cut_at:,} of {len(cut[0].text):,}" if cut and len(analyses) == 1 else None
    return cost_of(len(analyses), sum(analysis.tokens for analysis in analyses), len(cut), seconds, where=where)


def cost_of(texts: int, tokens: int, cut: int, seconds: float, *, where: str | None = None) -> str:
    """The same from counts; `where` describes the cut of a single text."""
    parts = [f"{texts:,} sentences"] if texts > 1 else ["one pass"]
    parts += [f"{tokens:,} tokens", f"{max(seconds * 1000, 1):,.0f} ms" if seconds < 60 else f"{seconds:,.0f} s"]
    parts.append((where or f"{cut:,} cut at the model’s maximum length") if cut else "nothing cut")
    emphasis = " ph-cut" if cut else ""
    return f'<p class="ph-cost{emphasis}">{" · ".join(escape(part) for part in parts)}</p>'


def progress(done: int, total: int, seconds: float) -> str:
    """The progress of a long pass and the estimated time left."""
    left = seconds * (total - done) / max(done, 1)
    share = 100 * done / max(total, 1)
    return (
        f'<div class="ph-cost"><div class="ph-progress" role="progressbar" aria-label="Sentences read" '
        f'aria-valuenow="{share:.0f}" aria-valuemin="0" aria-valuemax="100"><i style="width:{share:.1f}%"></i></div>'
        f"{done:,} of {total:,} sentences · about {max(left, 1):,.0f} s left</div>"
    )


def shorten(text: str, length: int) -> str:
    """A text on one line, shortened to a number of characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
