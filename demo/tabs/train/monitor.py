"""The monitor of the Train tab: state, curves, metrics and log of one run, read from its folder."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.runs import RunManager
from demo.runs.manager import can_resume
from demo.runs.watching import RunSnapshot, Watcher, mark
from demo.tabs.shared import heading, message_place
from demo.views import figures
from demo.views.training import curves
from demo.views.training.label_table import label_tables
from demo.views.training.log import log_view
from demo.views.training.run_card import Surroundings, metric_table, run_card
from mtl.runs import RunState

_SECONDS = 1.0
_SMALL = 180  # pixels


@dataclass(frozen=True)
class Monitor:
    """The components of the monitor."""

    card: gr.HTML
    loss: gr.Plot
    metric: gr.Dropdown
    metrics: gr.Plot
    moved: gr.Plot
    table: gr.HTML
    log: gr.HTML
    buttons: "Buttons"
    problem: gr.HTML
    seen: gr.State
    requests: gr.State
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        """The outputs of `show`, in order."""
        shown = [self.seen, self.card, self.loss, self.metric, self.metrics, self.moved, self.table, self.log]
        return [*shown, *self.buttons.all, self.timer]


@dataclass(frozen=True)
class Buttons:
    """The actions on a run; which ones are visible depends on its state."""

    stop: gr.Button
    resume: gr.Button
    use: gr.Button
    before_after: gr.Button
    compare: gr.Button
    download: gr.Button
    file: gr.DownloadButton

    @property
    def all(self) -> list[gr.Button]:
        """The buttons that are shown and hidden."""
        return [self.stop, self.resume, self.use, self.before_after, self.compare, self.download]


def build_monitor() -> Monitor:
    """Build the monitor; the tab connects its events."""
    card = gr.HTML(elem_id="ph-run")
    problem = message_place("ph-monitor-problem")
    buttons = _buttons()
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Training loss", "Smoothed; single batches are drawn faintly.")
            loss = _plot("ph-loss", curves.HEIGHT)
            heading("Embedding", "Drift from the original backbone, and the share of neighbours kept.")
            moved = _plot("ph-moved", _SMALL)
            heading("Log")
            log = gr.HTML(min_height=200, elem_id="ph-log")
        with gr.Column(min_width=320):
            heading("Dev metrics", "At every evaluation, including step 0.")
            metrics = _plot("ph-metrics", curves.HEIGHT)
            metric = gr.Dropdown(
                [curves.MAIN], value=curves.MAIN, label="Show", elem_id="ph-metric-choice", elem_classes="ph-short"
            )
            heading("Results on dev data")
            table = gr.HTML(min_height=200, elem_id="ph-metric-table")
    timer = gr.Timer(_SECONDS, active=False)
    seen, requests = gr.State(""), gr.State(LatestOnly())
    return Monitor(card, loss, metric, metrics, moved, table, log, buttons, problem, seen, requests, timer)


@dataclass(frozen=True, slots=True)
class MonitorRequest:
    """The run on the monitor, the choice of metrics, and the state of the run that is already shown."""

    run_id: str
    owner: str
    metric: str = curves.MAIN
    seen: str = ""


def show(runs: RunManager, watcher: Watcher, asked: MonitorRequest) -> tuple[Any, ...]:
    """The outputs of the monitor; nothing changes if the run has not changed.

    Raises:
        RunError: there is no such run of this owner.
    """
    folder = runs.get(asked.run_id, asked.owner)
    now = f"{mark(folder)}|{asked.metric}"
    if now == asked.seen:
        # At this point the last log line of an ended run is on the page.
        waits = not watcher.look(folder).status.state.has_ended
        return (*stay(), gr.Timer(active=waits))
    look = watcher.look(folder)
    status, total = look.status, look.status.total_steps
    before = runs.waiting_before(asked.run_id, asked.owner) if status.state is RunState.QUEUED else None
    lines = curves.loss_lines(look.events, look.tasks)
    choices = curves.metric_choices(look.events, look.tasks)
    shown = asked.metric if asked.metric in choices else curves.MAIN
    around = Surroundings(before, look.stopping, look.memory, curves.draw_counts(look.events, look.tasks))
    return (
        now,
        run_card(status, look.events, around),
        curves.loss_figure(lines, total_steps=total, live=not status.state.has_ended),
        gr.Dropdown(choices=choices, value=shown),
        curves.metric_figure(curves.chosen_lines(look.events, look.tasks, shown), total_steps=total),
        curves.metric_figure(curves.moved_lines(look.events), total_steps=total, height=_SMALL),
        metric_table(look.events) + label_tables(look.events),
        log_view(look.log),
        *_button_states(look, can_resume(folder)),
        gr.Timer(active=True),
    )


def stay() -> tuple[Any, ...]:
    """Outputs that change nothing, without the timer."""
    return tuple(gr.skip() for _ in range(14))


def _buttons() -> Buttons:
    with gr.Row(elem_classes="ph-action", elem_id="ph-run-actions"):
        stop = gr.Button("Stop and keep the weights", visible=False, size="md", elem_id="ph-stop")
        resume = gr.Button("Resume", visible=False, size="md", elem_id="ph-resume")
        use = gr.Button("Use this model", variant="primary", visible=False, size="md", elem_id="ph-use")
        before_after = gr.Button("Before and after", visible=False, size="md", elem_id="ph-see-before-after")
        compare = gr.Button("Compare strategies", visible=False, size="md", elem_id="ph-see-compare")
        download = gr.Button("Download", visible=False, size="md", elem_id="ph-download")
        file = gr.DownloadButton("Download", visible="hidden", elem_id="ph-download-file")
    return Buttons(stop, resume, use, before_after, compare, download, file)


def _button_states(look: RunSnapshot, resumable: bool) -> list[gr.Button]:
    ended = look.status.state.has_ended
    waits = look.status.state is RunState.QUEUED
    return [
        gr.Button(
            "Remove from the queue" if waits else "Stop and keep the weights",
            visible=not ended,
            interactive=not look.stopping,
        ),
        gr.Button(visible=resumable),
        gr.Button(visible=look.has_checkpoint),
        gr.Button(visible=look.has_checkpoint),
        gr.Button(visible=ended),
        gr.Button(visible=look.has_checkpoint),
    ]


def _plot(elem_id: str, height: int) -> gr.Plot:
    empty = figures.placeholder("", height=height)
    return gr.Plot(empty, show_label=False, elem_id=elem_id, elem_classes="ph-figure-box")
