"""The Runs tab: a table of all runs, their curves overlaid, and the details of one run."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.runs.quotas import kept_sentence
from demo.runs.run_summary import RunSummary, summarize_run
from demo.runs.watching import Watcher
from demo.tabs import train
from demo.tabs.panels import NUMBERED
from demo.tabs.runs import detail as run_detail
from demo.tabs.shared import QUICK, Shared, heading, latest, message_place, reporting
from demo.tabs.train import TrainForm, TrainTab, try_candidates
from demo.views import figures, message
from demo.views.training import overlay
from demo.views.training.run_table import PRESSES, run_table
from mtl.errors import RunError

_SECONDS = 2.0
_SHOWN = 100
_TICKS = 8
_SHOW = (
    "() => { const tab = [...document.querySelectorAll('[role=tab]')].find(t => t.textContent.trim() === '%s');"
    " if (tab) { tab.click(); window.scrollTo(0, 0); } }"
)
_SHOW_RUNS, _SHOW_TRAIN = _SHOW % "Runs", _SHOW % "Train"


@dataclass(frozen=True)
class _RunTable:
    shown: gr.HTML
    problem: gr.HTML
    ticked: gr.State
    opened: gr.State
    seen: gr.State
    requests: gr.State
    timer: gr.Timer


@dataclass(frozen=True)
class _Overlay:
    metric: gr.Dropdown
    losses: gr.Plot
    metrics: gr.Plot
    settings: gr.HTML
    figures: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        return [self.metric, self.losses, self.metrics, self.settings, self.figures]


def build_runs_tab(shared: Shared, training: TrainTab | None, tab: gr.Tab) -> None:
    """Build the content of `tab` and connect its events."""
    watcher = Watcher()
    told = "Select runs to overlay their curves. Click a name to open a run."
    heading("Runs", f"{told} {kept_sentence(shared.settings)}".strip())
    table = _RunTable(
        gr.HTML(message.note("Loading …"), elem_id="ph-runs", js_on_load=PRESSES, min_height=120),
        message_place("ph-runs-problem"),
        gr.State([]),
        gr.State(""),
        gr.State(""),
        gr.State(LatestOnly()),
        gr.Timer(_SECONDS, active=False),
    )
    detail = run_detail.build_run_detail(public=shared.settings.public)
    over = _lay_out_overlay()
    opening = run_detail.Opening(shared, watcher, detail)
    board = _Board(shared, watcher, opening)
    looked = {
        "fn": latest(board.look, outputs=3),
        "inputs": [table.requests, shared.owner, table.ticked, table.opened],
        "outputs": [table.shown, table.seen, table.timer],
        **QUICK,
    }
    overlaid = {
        "fn": latest(board.draw_overlay, outputs=len(over.outputs)),
        "inputs": [table.requests, shared.owner, table.ticked, over.metric],
        "outputs": over.outputs,
        **QUICK,
    }

    # Gradio finds the event data by the annotation of a plain function; it does not inspect a partial.
    def tick(event: gr.EventData, requests: LatestOnly, ticked: list[str]) -> list[str]:
        requests.begin()
        return _turned(ticked, str(event._data.get("run", "")))

    def press(event: gr.EventData, requests: LatestOnly) -> str:
        requests.begin()
        return str(event._data.get("run", ""))

    tab.select(**looked).then(**overlaid)
    refreshed = [table.ticked, table.shown, table.seen, *over.outputs, *detail.progressing]
    table.timer.tick(
        latest(board.again, outputs=len(refreshed), begins=False),
        [table.requests, shared.owner, table.ticked, table.opened, table.seen, over.metric],
        refreshed,
        **QUICK,
    )
    table.shown.overlay(tick, [table.requests, table.ticked], table.ticked, **QUICK).then(**looked).then(**overlaid)
    over.metric.input(**overlaid)
    opened = [table.shown.open(press, table.requests, table.opened, **QUICK)]
    if training is not None:
        buttons = training.monitor.buttons
        for button in (buttons.before_after, buttons.compare):
            opened.append(button.click(_run, shared.watched, table.opened, **QUICK))
            button.click(None, None, None, js=_SHOW_RUNS)
        detail.watch.click(
            partial(_watch, shared), [shared.owner, table.opened], [training.selector, shared.watched], **QUICK
        ).then(None, None, None, js=_SHOW_TRAIN)
        if training.form.candidates is not None:
            opened.append(_candidates_event(shared, training.form, table.opened))
    for event in opened:
        event.then(
            run_detail.dropping(reporting(opening.show, outputs=1 + len(detail.outputs))),
            [*detail.pending, shared.owner, table.opened, table.ticked],
            [table.problem, table.ticked, *detail.outputs],
            js=NUMBERED,
            **QUICK,
        ).then(**looked).then(**overlaid)
    for changed in run_detail.wire_run_detail(opening, table.opened):
        changed.then(**looked).then(**overlaid)


def _run(watched: str) -> str:
    """The run to open; the browser alone cannot set what the server holds for a visitor."""
    return watched


def _candidates_event(shared: Shared, form: TrainForm, opened: gr.State) -> Any:  # noqa: ANN401
    """Starts a comparison of backbones and opens it; an error stays on Train."""
    step = form.candidates
    assert step is not None
    started = step.start.click(
        reporting(partial(try_candidates, shared, form.answers), outputs=1),
        [shared.owner, step.names, *form.fields],
        [step.problem, opened],
        concurrency_limit=1,
        show_progress="minimal",
        show_progress_on=step.problem,
        api_visibility="private",
    )
    started.then(None, step.problem, None, js=f"(problem) => {{ if (!problem) ({_SHOW_RUNS})(); return [] }}")
    return started


def _lay_out_overlay() -> _Overlay:
    heading("Overlay")
    metric = gr.Dropdown([], label="Metric", elem_id="ph-overlay-metric", elem_classes="ph-short", interactive=True)
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Dev metric", "At every evaluation.")
            metrics = _plot("ph-overlay-metrics")
        with gr.Column(min_width=320):
            heading("Training loss", "Of the task of the metric.")
            losses = _plot("ph-overlay-losses")
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Results")
            measured = gr.HTML(overlay.metrics_table([]), elem_id="ph-overlay-table")
        with gr.Column(min_width=320):
            heading("Settings that differ")
            settings = gr.HTML(overlay.settings_table([]), elem_id="ph-overlay-settings")
    return _Overlay(metric, losses, metrics, settings, measured)


def _plot(elem_id: str) -> gr.Plot:
    empty = figures.placeholder("Select runs in the table.", height=overlay.HEIGHT)
    return gr.Plot(empty, show_label=False, elem_id=elem_id, elem_classes="ph-figure-box")


@dataclass(frozen=True)
class _Board:
    """The handlers of the table and the curves."""

    shared: Shared
    watcher: Watcher
    opening: run_detail.Opening

    def look(self, owner: str, ticked: list[str], opened: str) -> tuple[Any, ...]:
        runs = self._summaries(owner)
        return run_table(runs, ticked=ticked, opened=opened), _seen(runs), gr.Timer(active=True)

    def again(self, owner: str, ticked: list[str], opened: str, seen: str, metric: str | None) -> tuple[Any, ...]:
        runs = self._summaries(owner)
        if _seen(runs) == seen:
            return tuple(gr.skip() for _ in range(8 + len(self.opening.detail.progressing)))
        ticked = [run.info.id for run in runs if run.info.comparison == opened] or ticked
        return (
            ticked,
            run_table(runs, ticked=ticked, opened=opened),
            _seen(runs),
            *self.draw_overlay(owner, ticked, metric),
            *self.opening.progress(owner, opened),
        )

    def draw_overlay(self, owner: str, ticked: list[str], metric: str | None) -> tuple[Any, ...]:
        known = {run.info.id: run for run in self._summaries(owner)}
        runs = [known[run_id] for run_id in ticked if run_id in known]
        keys = overlay.metric_keys(runs)
        key = metric if metric in keys else next(iter(keys), "")
        return (
            gr.Dropdown(choices=[(name.replace("/", " ").replace("_", " "), name) for name in keys], value=key or None),
            overlay.loss_overlay(runs, key.partition("/")[0]),
            overlay.metric_overlay(runs, key),
            overlay.settings_table(runs),
            overlay.metrics_table(runs),
        )

    def _summaries(self, owner: str) -> list[RunSummary]:
        found = []
        for run in self.shared.runs.runs(owner)[:_SHOWN]:
            with suppress(RunError):  # it was deleted since it was listed
                found.append(summarize_run(self.shared.runs.get(run.id, owner), run, self.watcher))
        return found


def _seen(runs: Sequence[RunSummary]) -> str:
    return "|".join(f"{run.info.id} {run.info.name} {run.info.state} {len(run.events)}" for run in runs)


def _watch(shared: Shared, owner: str, run_id: str) -> tuple[gr.Dropdown, str]:
    return gr.Dropdown(choices=train.run_choices(shared, owner), value=run_id), run_id


def _turned(ticked: list[str], run_id: str) -> list[str]:
    if run_id in ticked:
        return [other for other in ticked if other != run_id]
    return [*ticked, run_id][-_TICKS:]
