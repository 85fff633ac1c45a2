"""The common layout of all figures: transparent, with text colours from the CSS of the page."""

from html import escape

import plotly.graph_objects as go

from demo.views.message import shorten

FONT = "IBM Plex Sans, ui-sans-serif, system-ui, sans-serif"
GRID = "rgba(128,128,128,0.18)"
_LONGEST_NAME = 40  # characters
_NO_BUTTONS = ["zoom", "pan", "select", "lasso", "zoomin", "zoomout", "autoscale", "resetscale"]
"""Plotly's buttons to remove; only the one that saves a picture remains."""


def figure(*, height: int, margins: tuple[int, int, int, int] = (8, 8, 8, 8)) -> go.Figure:
    """An empty figure; `height` and `margins` (left, right, top, bottom) in pixels."""
    left, right, top, bottom = margins
    made = go.Figure()
    made.update_layout(
        template="none",
        height=height,
        margin={"l": left, "r": right, "t": top, "b": bottom},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": "#7A828C"},
        hoverlabel={"font": {"family": FONT, "size": 13}, "align": "left"},
        showlegend=False,
        dragmode=False,
        uirevision="keep",
        modebar={"remove": _NO_BUTTONS, "bgcolor": "rgba(0,0,0,0)", "color": "#7A828C"},
    )
    return made


def legend_name(text: str) -> str:
    """A name in a legend, in which Plotly would read some HTML."""
    return escape(shorten(text, _LONGEST_NAME), quote=False)


def placeholder(sentence: str, *, height: int) -> go.Figure:
    """A figure that contains a sentence, as high as the figure that will replace it."""
    made = figure(height=height)
    made.update_layout(modebar={"remove": [*_NO_BUTTONS, "toimage"]})
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)
    made.add_annotation(text=sentence, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper", font={"size": 14})
    return made
