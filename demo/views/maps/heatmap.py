"""The heatmap of cosine similarity."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from demo.views.figures import figure
from demo.views.maps.hover import hover_text
from demo.views.message import shorten

HEIGHT = 440
LIMIT = 200
"""The most sentences on the heatmap; of more, a sample."""
_NAMED = 40
_BUTTON = 28
"""Pixels above the heatmap, so that the save button does not cover the scale."""


def heatmap(
    matrix: NDArray[np.float32], texts: Sequence[str], *, order: Sequence[int], narrow: bool = False
) -> go.Figure:
    """Cosines `(N, N)` float32 in Cividis, with rows and columns in the given order.

    The scale starts at 0, or at the lowest cosine if that is negative, and ends at 1. On a narrow screen, rows are
    labelled by number only.
    """
    named = len(order) <= _NAMED
    made = figure(height=HEIGHT, margins=(8, 8, _BUTTON, 24 if named else 8))
    positions = list(range(len(order)))
    cells = matrix[np.ix_(order, order)].astype(np.float32)
    hovers = [hover_text(texts[i], lines=2) for i in order]
    made.add_heatmap(
        z=cells,
        x=positions,
        y=positions,
        zmin=min(0.0, float(cells.min())),
        zmax=1.0,
        colorscale="Cividis",
        hovertemplate="<b>%{z:.2f}</b><br>%{customdata[0]}<br>–<br>%{customdata[1]}<extra></extra>",
        customdata=[[(row, column) for column in hovers] for row in hovers] if named else None,
        colorbar={"thickness": 10, "outlinewidth": 0, "tickformat": ".1f", "xpad": 4, "len": 1.0, "ypad": 0},
    )
    if not named:
        made.update_traces(hovertemplate="<b>%{z:.2f}</b><extra></extra>")
    labels = [f"{escape(shorten(texts[i], 26), quote=False)}  {i + 1}" for i in order]
    numbers = [str(i + 1) for i in order]
    axis = {"tickmode": "array", "tickvals": positions, "showgrid": False, "zeroline": False, "ticks": ""}
    made.update_xaxes(**axis, ticktext=numbers, visible=named, tickangle=0, tickfont={"size": 11})
    made.update_yaxes(
        **axis,
        ticktext=numbers if narrow or len(order) > 24 else labels,
        visible=named,
        autorange="reversed",
        automargin=True,
        tickfont={"size": 11},
    )
    return made
