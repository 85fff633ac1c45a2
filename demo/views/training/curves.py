"""Loss and metric curves of a run, with a line and a marker shape for each task."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from demo.palette import COLOURS, symbol
from demo.views.figures import GRID, figure, legend_name, placeholder
from mtl.runs import Evaluated, Event, Step

HEIGHT = 260
_POINTS = 240
_SMOOTHEST = 0.15
_METRICS = ("accuracy", "micro_f1", "f1", "mrr", "spearman_cosine")


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: steps and values, in order."""

    steps: tuple[int, ...]
    values: tuple[float, ...]


def loss_lines(events: Sequence[Event], tasks: Sequence[str]) -> dict[str, Line]:
    """The training loss of each task by step; a task without steps keeps its position and colour."""
    found: dict[str, tuple[list[int], list[float]]] = {task: ([], []) for task in tasks}
    for event in events:
        if isinstance(event, Step) and event.task in found:
            found[event.task][0].append(event.step)
            found[event.task][1].append(event.loss)
    return {task: Line(tuple(steps), tuple(values)) for task, (steps, values) in found.items()}


def metric_lines(events: Sequence[Event], tasks: Sequence[str]) -> dict[str, Line]:
    """The main dev metric of each task, including step 0."""
    lines: dict[str, Line] = {}
    measured = [event for event in events if isinstance(event, Evaluated)]
    for task in tasks:
        name = main_metric_key(measured[-1].metrics, task) if measured else None
        if name:
            points = [(e.step, e.metrics[name]) for e in measured if name in e.metrics]
            lines[f"{task} {name.rpartition('/')[2]}"] = Line(
                tuple(step for step, _ in points), tuple(value for _, value in points)
            )
    return lines


MAIN = "the main metric of each task"


def metric_choices(events: Sequence[Event], tasks: Sequence[str]) -> list[str]:
    """The choices of the metric figure: main metrics, all metrics of a task, or one metric of a task by label."""
    measured = next((event for event in reversed(events) if isinstance(event, Evaluated)), None)
    found: dict[str, None] = {MAIN: None}
    for key in measured.metrics if measured else ():
        _, task, metric = key.split("/", 2)
        if task in tasks:
            family, slash, _ = metric.partition("/")
            found[f"{task}: {family} of each label" if slash else f"{task}: overall"] = None
    order = {task: position for position, task in enumerate(tasks)}
    return sorted(found, key=lambda choice: order.get(choice.partition(":")[0], -1))


def chosen_lines(events: Sequence[Event], tasks: Sequence[str], choice: str) -> dict[str, Line]:
    """The curves of a choice of `metric_choices`, including step 0."""
    task, colon, rest = choice.partition(": ")
    if not colon:
        return metric_lines(events, tasks)
    if rest == "overall":
        return {name: line for name, line in _lines_below(events, f"eval/{task}/").items() if "/" not in name}
    return _lines_below(events, f"eval/{task}/{rest.removesuffix(' of each label')}/")


def moved_lines(events: Sequence[Event]) -> dict[str, Line]:
    """The drift of the embedding, and the share of neighbours kept."""
    return {name.replace("_", " "): line for name, line in _lines_below(events, "eval/embedding/").items()}


def draw_counts(events: Sequence[Event], tasks: Sequence[str]) -> dict[str, int]:
    """The number of batches of each task."""
    counts = Counter(event.task for event in events if isinstance(event, Step))
    return {task: counts[task] for task in tasks if counts[task]}


def _lines_below(events: Sequence[Event], prefix: str) -> dict[str, Line]:
    found: dict[str, tuple[list[int], list[float]]] = {}
    for event in events:
        for key, value in event.metrics.items() if isinstance(event, Evaluated) else ():
            if key.startswith(prefix):
                steps, values = found.setdefault(key.removeprefix(prefix), ([], []))
                steps.append(event.step)
                values.append(value)
    return {name: Line(tuple(steps), tuple(values)) for name, (steps, values) in found.items()}


def main_metric_key(metrics: Mapping[str, float], task: str) -> str | None:
    """The key of the main metric of a task."""
    names = (f"eval/{task}/{metric}" for metric in _METRICS)
    return next((name for name in names if name in metrics), None)


def loss_figure(lines: Mapping[str, Line], *, total_steps: int, live: bool = True) -> go.Figure:
    """Smoothed training loss over steps, with single batches drawn faintly."""
    if not any(line.steps for line in lines.values()):
        return placeholder("Waiting for the first steps." if live else "There are no steps.", height=HEIGHT)
    made = axes(total_steps)
    for position, (task, line) in enumerate(lines.items()):
        if not line.steps:
            continue
        steps, values = thinned(line)
        colour = COLOURS[position % len(COLOURS)]
        made.add_scatter(
            x=steps,
            y=values,
            mode="lines",
            line={"color": colour, "width": 1},
            opacity=0.25,
            hoverinfo="skip",
            showlegend=False,
        )
        made.add_scatter(
            x=steps,
            y=smoothed(values),
            mode="lines",
            name=legend_name(task),
            line={"color": colour, "width": 2.5},
            hovertemplate="step %{x}: %{y:.3f}",
        )
    made.update_yaxes(rangemode="tozero")
    return made


def metric_figure(lines: Mapping[str, Line], *, total_steps: int, height: int = HEIGHT) -> go.Figure:
    """Dev metrics over steps; the axis is 0 to 1, or starts at a negative minimum."""
    if not lines:
        return placeholder("Waiting for the first evaluation, at step 0.", height=height)
    made = axes(total_steps, height)
    for position, (name, line) in enumerate(lines.items()):
        made.add_scatter(
            x=list(line.steps),
            y=list(line.values),
            mode="lines+markers",
            name=legend_name(name),
            line={"color": COLOURS[position % len(COLOURS)], "width": 2.5},
            marker={"size": 8, "symbol": symbol(position)},
            hovertemplate="step %{x}: %{y:.3f}",
            cliponaxis=False,
        )
    lowest = min(min(line.values) for line in lines.values())
    made.update_yaxes(range=[min(0.0, lowest), 1.0])
    return made


def axes(total_steps: int, height: int = HEIGHT) -> go.Figure:
    """An empty figure over the steps of a run."""
    made = figure(height=height, margins=(40, 12, 8, 40))
    made.update_xaxes(
        range=[0, max(total_steps, 1)], gridcolor=GRID, zeroline=False, nticks=6, title={"text": "step", "standoff": 4}
    )
    made.update_yaxes(gridcolor=GRID, zeroline=False, nticks=6)
    made.update_layout(
        showlegend=True, hovermode="x unified", legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    )
    return made


def thinned(line: Line) -> tuple[list[int], list[float]]:
    """At most `_POINTS` points, each the mean of an interval."""
    if len(line.steps) <= _POINTS:
        return list(line.steps), list(line.values)
    chunks = np.array_split(np.arange(len(line.steps)), _POINTS)
    steps, values = np.array(line.steps), np.array(line.values)
    return [int(steps[chunk[-1]]) for chunk in chunks], [float(values[chunk].mean()) for chunk in chunks]


def smoothed(values: Sequence[float]) -> list[float]:
    """An exponential moving average that smooths long runs more than short ones."""
    share = max(_SMOOTHEST, min(1.0, 15 / max(len(values), 1)))
    result: list[float] = []
    for value in values:
        result.append(value if not result else result[-1] + share * (value - result[-1]))
    return result
