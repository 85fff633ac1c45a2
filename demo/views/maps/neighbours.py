"""The nearest neighbours of a sentence, in one embedding space or in two."""

from collections.abc import Sequence
from html import escape

from demo.maps.similarity import Neighbour
from demo.views.message import shorten
from demo.views.tables import Column, Html, table


def neighbour_table(neighbours: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """Cosine (with a bar from 0 to 1), number and sentence, nearest first."""
    rows = [(Html(_bar(near.cosine)), near.index + 1, Html(_clipped(texts[near.index]))) for near in neighbours]
    columns = (Column("cosine"), Column("no.", number=True), Column("sentence"))
    return table(columns, rows, caption="Nearest sentences")


def near_list(neighbours: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """Rank, cosine and sentence, nearest first; each sentence is a button that carries it in `data-text`."""
    if not neighbours:
        return '<p class="ph-note">There are no neighbours.</p>'
    rows = [
        (
            rank,
            Html(_bar(near.cosine)),
            Html(
                f'<button class="ph-take" data-text="{escape(texts[near.index])}">{escape(texts[near.index])}</button>'
            ),
        )
        for rank, near in enumerate(neighbours, start=1)
    ]
    columns = (Column("no.", number=True), Column("cosine"), Column("sentence"))
    return table(columns, rows, caption="Nearest example sentences")


def nearest_to(asked: str, neighbours: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """A sentence, and the table of its neighbours."""
    return f'<p class="ph-asked">{escape(shorten(asked, 200))}</p>{neighbour_table(neighbours, texts)}'


def both_sides(before: Sequence[Neighbour], after: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """The neighbours of a sentence in a second space, with new and lost neighbours marked."""
    known, there = {near.index for near in before}, {near.index for near in after}
    rows: list[tuple[Html, int, Html, Html]] = [
        (
            Html(_bar(near.cosine)),
            near.index + 1,
            Html(_clipped(texts[near.index])),
            Html("kept" if near.index in known else "<strong>new</strong>"),
        )
        for near in after
    ]
    rows += [
        (Html(""), near.index + 1, Html(f"<s>{_clipped(texts[near.index])}</s>"), Html("lost"))
        for near in before
        if near.index not in there
    ]
    columns = (Column("cosine"), Column("no.", number=True), Column("on the right map"), Column(""))
    return table(columns, rows, caption="Nearest sentences on the right map")


def _clipped(text: str) -> str:
    return f'<span class="ph-clip">{escape(text)}</span>'


def _bar(cosine: float) -> str:
    width = max(0.0, min(1.0, cosine)) * 100
    return (
        f'<span class="ph-meter"><span class="ph-fill" style="width:{width:.0f}%"></span></span>'
        f'<span class="ph-figure">{cosine:.2f}</span>'
    )
