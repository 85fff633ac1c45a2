"""The table of all runs; a checkbox overlays the curves of a run, a click on its name opens it."""

from collections.abc import Sequence
from html import escape

from demo.palette import COLOURS
from demo.runs.run_summary import RunSummary, differences
from demo.views.message import empty
from demo.views.tables import Cell, Column, Html, table
from demo.views.training.curves import main_metric_key
from demo.views.training.format import duration, megabytes
from demo.views.training.run_card import STATE_NAMES

PRESSES = """
element.addEventListener('click', (event) => {
  const tick = event.target.closest('button[data-tick]');
  const open = event.target.closest('button[data-open]');
  if (tick) trigger('overlay', {run: tick.dataset.tick});
  else if (open) trigger('open', {run: open.dataset.open});
});
"""
"""The script of the component that shows the table."""
_EMPTY = "There are no runs yet. Start one on the Train tab."
_NAMED = 3


def run_table(runs: Sequence[RunSummary], *, ticked: Sequence[str], opened: str) -> str:
    """A row for each run; `ticked` are ids in the order of the colours of their curves."""
    if not runs:
        return empty(_EMPTY)
    differ = [key for key in differences([run for run in runs if not run.info.is_comparison]) if _tells(key)]
    texts = [Column(title) for title in ("overlay", "name", "settings", "best on dev data")]
    columns = [*texts, *(Column(title, number=True) for title in ("drift", "time", "size")), Column("state")]
    rows = [_row(run, ticked, opened, differ) for run in runs]
    return table(columns, rows, caption="All runs")


def colour_of(ticked: Sequence[str], run_id: str) -> str:
    """The colour of the curves of a selected run."""
    return COLOURS[list(ticked).index(run_id) % len(COLOURS)]


def _row(run: RunSummary, ticked: Sequence[str], opened: str, differ: Sequence[str]) -> list[Cell | Html]:
    info = run.info
    drift = run.metrics.get("eval/embedding/drift")
    state = Html(f'<span class="ph-run-state" data-state="{info.state}">{escape(STATE_NAMES[info.state])}</span>')
    if info.is_comparison:
        return [Html(""), _name(run, opened), "comparison of the runs below", Html(""), *[Html("")] * 3, state]
    return [
        _tick(run, ticked),
        _name(run, opened),
        Html(f'<span class="ph-settings">{escape(_settings(run, differ))}</span>'),
        Html(_metrics(run)),
        drift,
        duration(run.seconds) if run.seconds is not None else None,
        megabytes(run.size) if run.size is not None else None,
        state,
    ]


def _tick(run: RunSummary, ticked: Sequence[str]) -> Html:
    on = run.info.id in ticked
    colour = f' style="--run:{colour_of(ticked, run.info.id)}"' if on else ""
    label = escape(f"Overlay the curves of {run.info.title}")
    return Html(
        f'<button type="button" role="checkbox" class="ph-tick" aria-checked="{str(on).lower()}" '
        f'aria-label="{label}" data-tick="{escape(run.info.id)}"{colour}></button>'
    )


def _name(run: RunSummary, opened: str) -> Html:
    inside = " ph-member" if run.info.comparison else ""
    current = ' aria-current="true"' if run.info.id == opened else ""
    name, _, when = run.info.title.rpartition(" · ")
    return Html(
        f'<button type="button" class="ph-run-name{inside}" data-open="{escape(run.info.id)}"{current}>{escape(name)}'
        f"<small>{escape(when)}</small></button>"
    )


def _settings(run: RunSummary, differ: Sequence[str]) -> str:
    own = [f"{key.rpartition('.')[2]} {run.settings[key]}" for key in differ if key in run.settings][:_NAMED]
    return " · ".join([run.strategy, *own])


def _metrics(run: RunSummary) -> str:
    shown = []
    for task in run.tasks:
        key = main_metric_key(run.metrics, task)
        if key:
            metric = key.rpartition("/")[2].replace("_", " ")
            shown.append(f"{escape(task)} {metric} <strong>{run.metrics[key]:.3f}</strong>")
    return f'<span class="ph-settings">{"<br>".join(shown)}</span>' if shown else "–"


def _tells(key: str) -> bool:
    """Whether a setting is listed: not freezing, which is always first, and not the data."""
    return not key.startswith(("freezing.", "tasks."))
