"""Whether the probabilities of a task mean what they say: reliability, and risk by coverage."""

import plotly.graph_objects as go

from demo.palette import COLOURS
from demo.views.figures import GRID, figure
from mtl.evaluation import CalibrationCurves

HEIGHT = 280
_LARGEST = 22  # pixels, of the marker of the fullest bin
_SMALLEST = 6
_TWO_LINES = 60  # pixels below an axis


def reliability_figure(curves: CalibrationCurves) -> go.Figure:
    """The share that came true over the probability, and the error by chance; markers grow with their decisions."""
    made = _axes(f"probability<br>ece by chance alone: {curves.ece_by_chance:.3f}", "share that came true")
    made.update_layout(margin_b=_TWO_LINES)
    made.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GRID, "width": 2, "dash": "dash"}, hoverinfo="skip"
    )
    most = max(one.count for one in curves.reliability)
    made.add_scatter(
        x=[one.probability for one in curves.reliability],
        y=[one.share for one in curves.reliability],
        customdata=[one.count for one in curves.reliability],
        mode="lines+markers",
        line={"color": COLOURS[0], "width": 2},
        marker={
            "size": [max(_SMALLEST, _LARGEST * (one.count / most) ** 0.5) for one in curves.reliability],
            "opacity": 0.8,
        },
        hovertemplate="probability %{x:.2f}: %{y:.2f} came true, of %{customdata:,}<extra></extra>",
        cliponaxis=False,
    )
    return made


def risk_figure(curves: CalibrationCurves) -> go.Figure:
    """The share of wrong decisions among the surest ones."""
    made = _axes("share of decisions, the surest first", "share that is wrong")
    made.add_scatter(
        x=[one.coverage for one in curves.risk_coverage],
        y=[one.risk for one in curves.risk_coverage],
        mode="lines+markers" if len(curves.risk_coverage) == 1 else "lines",
        line={"color": COLOURS[0], "width": 2.5},
        hovertemplate="the surest %{x:.0%}: %{y:.1%} wrong<extra></extra>",
        cliponaxis=False,
    )
    highest = max(one.risk for one in curves.risk_coverage)
    made.update_yaxes(range=[0, max(0.05, 1.1 * highest)], tickformat=".0%")
    made.update_xaxes(tickformat=".0%")
    return made


def _axes(below: str, beside: str) -> go.Figure:
    made = figure(height=HEIGHT, margins=(52, 12, 12, 44))
    made.update_xaxes(range=[0, 1], gridcolor=GRID, zeroline=False, nticks=6, title={"text": below, "standoff": 4})
    made.update_yaxes(range=[0, 1], gridcolor=GRID, zeroline=False, nticks=6, title={"text": beside, "standoff": 4})
    return made
