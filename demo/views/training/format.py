"""Formats for times, sizes, counts and shares on the Train and Runs tabs."""

from collections.abc import Mapping
from html import escape

from demo.palette import COLOURS


def duration(seconds: float) -> str:
    """A time in s, min or h."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def draw_shares(draws: Mapping[str, int]) -> str:
    """The shares of the tasks in the batches, as one bar."""
    total = sum(draws.values()) or 1
    bars = "".join(
        f'<i style="width:{100 * count / total:.1f}%;background:{COLOURS[i % len(COLOURS)]}"></i>'
        for i, count in enumerate(draws.values())
    )
    words = " · ".join(f"<bdi>{escape(name)}</bdi> {count / total:.0%}" for name, count in draws.items())
    return (
        f'<div class="ph-shares"><span class="ph-note">batches</span><span class="ph-share-bar" aria-hidden="true">'
        f'{bars}</span><span class="ph-note">{words}</span></div>'
    )


def megabytes(count: int) -> str:
    """A size in kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"


def millions(count: int) -> str:
    """A number of parameters in k or M."""
    if count >= 1e6:
        return f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.1f} k" if count >= 1000 else str(count)
