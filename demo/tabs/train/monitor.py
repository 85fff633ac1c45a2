"""The watching side of the Train tab: state, curves, metrics and log of one run, read from its folder."""

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
from demo.views.training.log import log_view
from demo.views.training.run_card import Surroundings, metric_table, run_card
from mtl.runs import RunState

_SECONDS = 1.0
_SMALL = 180  # pixels


@dataclass(frozen=True)
class Monitor:
    """The widgets of the monitor."""

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
        """What `show` returns, in its order."""
        shown = [self.seen, self.card, self.loss, self.metric, self.metrics, self.moved, self.table, self.log]
        return [*shown, *self.buttons.all, self.timer]


@dataclass(frozen=True)
class Buttons:
    """What can be done with a run, depending on where it stands."""

    stop: gr.Button
    resume: gr.Button
    use: gr.Button
    before_after: gr.Button
    compare: gr.Button
    download: gr.Button
    file: gr.DownloadButton

    @property
    def all(self) -> list[gr.Button]:
        """Those that come and go."""
        return [self.stop, self.resume, self.use, self.before_after, self.compare, self.download]


def build_monitor() -> Monitor:
    """Lay out the monitor; the tab wires it."""
    card = gr.HTML(elem_id="ph-run")
    problem = message_place("ph-monitor-problem")
    buttons = _buttons()
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Training loss", "Smoothed; the single batches are faint behind it.")
            loss = _plot("ph-loss", curves.HEIGHT)
            heading("The embedding", "How far it moved from the untouched backbone, and neighbours that stayed.")
            moved = _plot("ph-moved", _SMALL)
            heading("Log")
            log = gr.HTML(min_height=200, elem_id="ph-log")
        with gr.Column(min_width=320):
            heading("Dev metrics", "Measured at every evaluation, step 0 included.")
            metrics = _plot("ph-metrics", curves.HEIGHT)
            metric = gr.Dropdown(
                [curves.MAIN], value=curves.MAIN, label="Show", elem_id="ph-metric-choice", elem_classes="ph-short"
            )
            heading("Measured on dev data")
            table = gr.HTML(min_height=200, elem_id="ph-metric-table")
    timer = gr.Timer(_SECONDS, active=False)
    seen, requests = gr.State(""), gr.State(LatestOnly())
    return Monitor(card, loss, metric, metrics, moved, table, log, buttons, problem, seen, requests, timer)


@dataclass(frozen=True, slots=True)
class MonitorRequest:
    """Which run somebody looks at, which metric curves they chose, and the state of it that they have seen."""

    run_id: str
    owner: str
    metric: str = curves.MAIN
    seen: str = ""


def show(runs: RunManager, watcher: Watcher, asked: MonitorRequest) -> tuple[Any, ...]:
    """The monitor's outputs; all of them stay as they are when nothing changed since what was seen.

    Raises:
        RunError: there is no such run of this owner.
    """
    folder = runs.get(asked.run_id, asked.owner)
    now = f"{mark(folder)}|{asked.metric}"
    if now == asked.seen:
        # Only now is the last line of an ended run's log on the page.
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
        metric_table(look.events),
        log_view(look.log),
        *_button_states(look, can_resume(folder)),
        gr.Timer(active=True),
    )


def stay() -> tuple[Any, ...]:
    """Outputs that leave everything but the timer as it is."""
    return tuple(gr.skip() for _ in range(14))


def _buttons() -> Buttons:
    with gr.Row(elem_classes="ph-action", elem_id="ph-run-actions"):
        stop = gr.Button("Stop and keep the weights", visible=False, size="md", elem_id="ph-stop")
        resume = gr.Button("Go on from here", visible=False, size="md", elem_id="ph-resume")
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
            "Take it out of the queue" if waits else "Stop and keep the weights",
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
