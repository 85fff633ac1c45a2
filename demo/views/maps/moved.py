"""The differences between two embedding spaces of the same sentences."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from demo.maps.movement import Movement
from demo.views import message
from demo.views.message import shorten
from demo.views.tables import Cell, Column, Html, table

_ROWS = 12
_NAMED = 2


def moved_table(movement: Movement, texts: Sequence[str]) -> str:
    """The sentences that kept the fewest neighbours, with lost and new neighbours."""
    sampled = f" of {len(movement.rows):,} sentences, a seeded sample" if len(movement.rows) < len(texts) else ""
    head = message.note(
        f"{100 * movement.overlap:.0f} % of the {movement.before.shape[1]} nearest neighbours kept{sampled}. "
        "Sentences whose neighbours changed most:"
    )
    order = np.argsort(movement.kept, kind="stable")[:_ROWS]
    rows: list[list[Cell | Html]] = []
    for place in order.tolist():
        before, after = movement.before[place].tolist(), movement.after[place].tolist()
        kept = len(set(before) & set(after))
        rows.append(
            [
                int(movement.rows[place]) + 1,
                Html(f'<span class="ph-clip">{escape(texts[int(movement.rows[place])])}</span>'),
                f"{kept} of {len(before)}",
                _named([row for row in before if row not in after], texts),
                _named([row for row in after if row not in before], texts),
            ]
        )
    columns = (
        Column("no.", number=True),
        Column("sentence"),
        Column("kept", number=True),
        Column("no longer near"),
        Column("now near"),
    )
    return head + table(columns, rows, caption="Sentences whose neighbours changed most")


def poolings_table(measured: Mapping[str, Mapping[str, float | None]], *, labels: bool) -> str:
    """A row for each pooling with shares and cosines."""
    columns = [Column("pooling"), Column("neighbours kept", number=True), Column("mean cosine", number=True)]
    columns += [Column("label purity", number=True)] if labels else []
    keys = ["kept", "cosine", *(["purity"] if labels else [])]
    rows = [[name, *(values[key] for key in keys)] for name, values in measured.items()]
    return table(columns, rows, caption="Poolings compared")


def _named(rows: Sequence[int], texts: Sequence[str]) -> Html:
    shown = "<br>".join(escape(shorten(texts[row], 80)) for row in rows[:_NAMED])
    more = f"<br>and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return Html(f'<span class="ph-small">{shown}{more}</span>' if rows else "–")
