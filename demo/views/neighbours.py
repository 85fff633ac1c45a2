"""The table of the sentences nearest to one."""

from collections.abc import Sequence
from html import escape

from demo.similarity import Neighbour
from demo.views.tables import Column, Html, table


def neighbour_table(neighbours: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """Cosine (with a bar from 0 to 1), number and sentence, nearest first."""
    rows = [
        (Html(_bar(near.cosine)), near.index + 1, Html(f'<span class="ph-clip">{escape(texts[near.index])}</span>'))
        for near in neighbours
    ]
    columns = (Column("cosine"), Column("no.", number=True), Column("sentence"))
    return table(columns, rows, caption="Nearest sentences")


def near_list(neighbours: Sequence[Neighbour], texts: Sequence[str]) -> str:
    """Rank, cosine and sentence, nearest first; each sentence is a button that carries it in `data-text`."""
    if not neighbours:
        return '<p class="ph-note">Nothing is near.</p>'
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


def _bar(cosine: float) -> str:
    width = max(0.0, min(1.0, cosine)) * 100
    return (
        f'<span class="ph-meter"><span class="ph-fill" style="width:{width:.0f}%"></span></span>'
        f'<span class="ph-figure">{cosine:.2f}</span>'
    )
