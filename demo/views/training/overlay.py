"""Overlaid curves of several runs, and tables of their metrics and differing settings."""

from collections.abc import Sequence

import plotly.graph_objects as go

from demo.palette import COLOURS, symbol
from demo.runs.run_summary import RunSummary, differences
from demo.views import message
from demo.views.figures import legend_name, placeholder
from demo.views.tables import Cell, Column, Html, table
from demo.views.training.curves import Line, axes, loss_lines, smoothed, thinned
from demo.views.training.format import duration, megabytes, millions
from mtl.evaluation import LOWER_IS_BETTER
from mtl.runs import Evaluated

HEIGHT = 300
_PICK = "Select runs in the table to overlay their curves."


def metric_keys(runs: Sequence[RunSummary]) -> list[str]:
    """The metrics of at least one of the runs, without those of single labels."""
    keys = dict.fromkeys(key for run in runs for key in run.metrics if key.count("/") == 2)
    return [key.removeprefix("eval/") for key in keys]


def metric_overlay(runs: Sequence[RunSummary], key: str) -> go.Figure:
    """One dev metric of every run over steps."""
    if not runs or not key:
        return placeholder(_PICK, height=HEIGHT)
    made = axes(max(run.total_steps for run in runs), HEIGHT)
    for position, run in enumerate(runs):
        points = [
            (event.step, event.metrics[f"eval/{key}"])
            for event in run.events
            if isinstance(event, Evaluated) and f"eval/{key}" in event.metrics
        ]
        made.add_scatter(
            x=[step for step, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            name=legend_name(_short(run)),
            line={"color": COLOURS[position % len(COLOURS)], "width": 2.5},
            marker={"size": 8, "symbol": symbol(position)},
            hovertemplate="step %{x}: %{y:.3f}",
            cliponaxis=False,
        )
    return made


def loss_overlay(runs: Sequence[RunSummary], task: str) -> go.Figure:
    """The smoothed training loss of one task for every run."""
    found = {id(run): loss_lines(run.events, run.tasks).get(task, Line((), ())) for run in runs}
    if not any(line.steps for line in found.values()):
        return placeholder(f"There are no steps of {task} yet." if task and runs else _PICK, height=HEIGHT)
    made = axes(max(run.total_steps for run in runs), HEIGHT)
    for position, run in enumerate(runs):
        steps, values = thinned(found[id(run)])
        made.add_scatter(
            x=steps,
            y=smoothed(values),
            mode="lines",
            name=legend_name(_short(run)),
            line={"color": COLOURS[position % len(COLOURS)], "width": 2.5, "dash": "solid" if position < 4 else "dash"},
            hovertemplate="step %{x}: %{y:.3f}",
        )
    made.update_yaxes(rangemode="tozero")
    return made


def settings_table(runs: Sequence[RunSummary]) -> str:
    """The recipe keys that differ between the runs."""
    if len(runs) < 2:
        return message.empty("Select two runs to see which of their settings differ.")
    rows: list[list[Cell | Html]] = [[key, *values] for key, values in differences(runs).items()]
    if not rows:
        return message.note("No setting differs.")
    return table([Column("setting"), *(Column(_short(run)) for run in runs)], rows, caption="Settings that differ")


def metrics_table(runs: Sequence[RunSummary]) -> str:
    """All overall metrics of the best checkpoints, with time, size and parameters."""
    if not runs:
        return message.empty(_PICK)
    rows: list[list[Cell | Html]] = []
    for key in metric_keys(runs):
        values = [run.metrics.get(f"eval/{key}") for run in runs]
        known = [value for value in values if value is not None]
        best = min(known) if key.rsplit("/", 1)[-1] in (*LOWER_IS_BETTER, "drift") else max(known)
        marked = [_marked(value, is_best=value == best and len(runs) > 1) for value in values]
        rows.append([key.replace("/", " ").replace("_", " "), *marked])
    rows.append(["time", *(duration(run.seconds) if run.seconds is not None else None for run in runs)])
    rows.append(["checkpoint", *(megabytes(run.size) if run.size is not None else None for run in runs)])
    rows.append(["trains", *(millions(run.trained) if run.trained is not None else None for run in runs)])
    columns = [Column("at the best checkpoint"), *(Column(_short(run), number=True) for run in runs)]
    return table(columns, rows, caption="Metrics of the selected runs")


def _marked(value: float | None, *, is_best: bool) -> Cell | Html:
    if value is None:
        return None
    return Html(f"<strong>{value:.3f}</strong>") if is_best else f"{value:.3f}"


def _short(run: RunSummary) -> str:
    return run.info.name[:32]
