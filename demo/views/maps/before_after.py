"""The changes of a run on the same sentences: a line of metrics, a map with arrows, and a table of predictions."""

from html import escape

import plotly.graph_objects as go

from demo.maps.before_after import Answer, Change
from demo.palette import BLUE, NEUTRAL, VERMILLION
from demo.views.figures import GRID, figure, placeholder
from demo.views.maps.hover import hover_text
from demo.views.tables import Cell, Column, Html, table

HEIGHT = 360


def change_line(change: Change) -> str:
    """Changed predictions, drift and neighbours kept."""
    answers = [answer for row in change.answers for answer in row if answer.before is not None]
    parts = [f"{len(change.texts):,} sentences"]
    if answers:
        parts.append(f"{sum(answer.changed for answer in answers):,} of {len(answers):,} predictions changed")
    else:
        parts.append("the model before had none of these heads")
    if change.drift is not None:
        parts.append(f"drift {change.drift:.3f}")
    if change.overlap is not None:
        parts.append(f"{change.overlap:.0%} of nearest neighbours kept")
    return f'<p class="ph-cost" role="status">{escape(" · ".join(parts))}</p>'


def change_map(change: Change) -> go.Figure:
    """Each sentence before (ring) and after (dot), with an arrow between them, on one PCA of both spaces."""
    if change.places is None:
        return placeholder("A map needs two sentences, and spaces of the same size.", height=HEIGHT)
    before, after = change.places
    made = figure(height=HEIGHT)
    for start, end in zip(before, after, strict=True):
        made.add_annotation(
            x=float(end[0]), y=float(end[1]), ax=float(start[0]), ay=float(start[1]),
            xref="x", yref="y", axref="x", ayref="y",
            showarrow=True, arrowhead=2, arrowsize=1, arrowwidth=1, arrowcolor=NEUTRAL, opacity=0.6, text="",
        )  # fmt: skip
    hover = [hover_text(text) for text in change.texts]
    for name, points, marker in (
        ("before", before, {"symbol": "circle-open", "size": 9, "color": NEUTRAL}),
        ("after", after, {"symbol": "circle", "size": 9, "color": BLUE}),
    ):
        made.add_scatter(
            x=points[:, 0], y=points[:, 1], mode="markers", name=name, marker=marker,
            hovertext=hover, hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>", cliponaxis=False,
        )  # fmt: skip
    axis = {"showticklabels": False, "zeroline": False, "gridcolor": GRID, "ticks": "", "showline": False}
    made.update_xaxes(**axis)
    made.update_yaxes(**axis)
    made.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})
    return made


def change_table(change: Change) -> str:
    """A row for each sentence with the predictions of every task before and after; changes are marked."""
    tasks = [answer.task for answer in change.answers[0]] if change.answers else []
    columns = [Column("sentence")]
    told = {answer.task for row in change.answers for answer in row if answer.before is not None}
    for task in tasks:
        columns += [Column(f"{task} before")] if task in told else []
        columns.append(Column(f"{task} after" if task in told else task))
    columns.append(Column("cosine with before", number=True))
    rows: list[list[Cell | Html]] = []
    for i, text in enumerate(change.texts):
        row: list[Cell | Html] = [Html(f'<span class="ph-clip">{escape(text)}</span>')]
        for answer in change.answers[i]:
            row += [Html(_said(answer.before))] if answer.task in told else []
            row.append(Html(_after(answer)))
        row.append(None if change.cosines is None else float(change.cosines[i]))
        rows.append(row)
    return table(columns, rows, caption="Predictions before and after")


def _said(values: tuple[str, ...] | None) -> str:
    return "<br>".join(escape(value) for value in values or ()) or "none"


def _after(answer: Answer) -> str:
    if not answer.changed:
        return _said(answer.after)
    return f'<span class="ph-changed" style="--changed:{VERMILLION}"><b>changed</b> {_said(answer.after)}</span>'
