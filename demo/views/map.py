"""The 2-D map of sentences."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from demo.views.figures import GRID, figure
from demo.views.hover import hover_text
from demo.views.palette import BLUE, COLOURS, LabelColours, symbol

HEIGHT = 440
_NUMBERED = 15
"""Up to so many points carry their number."""


def sentence_map(
    points: NDArray[np.float32],
    texts: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    colours: LabelColours | None = None,
) -> go.Figure:
    """Points `(N, 2)` with their sentences on hover, coloured and shaped by group where there are groups."""
    made = figure(height=HEIGHT)
    numbers = [str(i + 1) for i in range(len(points))]
    known = list(colours or {})
    names = list(dict.fromkeys(groups)) if groups else [""]
    for position, name in enumerate(names):
        chosen = [i for i in range(len(points)) if groups is None or groups[i] == name]
        made.add_scatter(
            x=points[chosen, 0],
            y=points[chosen, 1],
            mode="markers+text" if len(points) <= _NUMBERED else "markers",
            text=[numbers[i] for i in chosen],
            textposition="top center",
            textfont={"size": 11},
            cliponaxis=False,
            name=name.replace("<", "&lt;")[:40],
            marker={
                "size": 10 if len(points) <= 200 else 6,
                "color": (colours or {}).get(name, COLOURS[position % len(COLOURS)] if name else BLUE),
                "symbol": symbol(known.index(name) if name in known else position),
                "opacity": 0.9,
            },
            hovertext=[f"{numbers[i]}  {hover_text(texts[i])}" for i in chosen],
            hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>" if name else "%{hovertext}<extra></extra>",
        )
    axis = {"showticklabels": False, "zeroline": False, "gridcolor": GRID, "ticks": "", "showline": False}
    (x_low, x_high), (y_low, y_high) = (_padded(points[:, i]) for i in (0, 1))
    made.update_xaxes(**axis, range=[x_low, x_high])
    made.update_yaxes(**axis, range=[y_low, y_high])
    if groups:
        legend = {"orientation": "h", "x": 0, "y": 0, "yanchor": "top", "itemsizing": "constant", "font": {"size": 12}}
        made.update_layout(showlegend=True, legend=legend)
    return made


def _padded(values: NDArray[np.float32]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = max((high - low) * 0.1, 1e-3 if high > low else 1.0)
    return low - margin, high + margin
