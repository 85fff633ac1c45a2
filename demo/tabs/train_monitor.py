"""The watching side of the Train tab: state, curves, metrics and log of one run, read from its folder."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo import watching
from demo.runs import RunManager
from demo.tabs.shared import heading, message_place
from demo.views import curves, figures
from demo.views.log import log_view
from demo.views.run_card import metric_table, run_card

_SECONDS = 1.0


@dataclass(frozen=True)
class Monitor:
    """The widgets of the monitor."""

    card: gr.HTML
    loss: gr.Plot
    metrics: gr.Plot
    table: gr.HTML
    log: gr.HTML
    stop: gr.Button
    use: gr.Button
    problem: gr.HTML
    seen: gr.State
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        """What `show` returns, in its order."""
        return [self.seen, self.card, self.loss, self.metrics, self.table, self.log, self.stop, self.use, self.timer]


def build() -> Monitor:
    """Lay out the monitor; the tab wires it."""
    card = gr.HTML(elem_id="ph-run")
    problem = message_place()
    with gr.Row(elem_classes="ph-action"):
        stop = gr.Button("Stop and keep the weights", visible=False, size="md", elem_id="ph-stop")
        use = gr.Button("Use this model", variant="primary", visible=False, size="md", elem_id="ph-use")
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Training loss")
            loss = gr.Plot(
                figures.placeholder("", height=curves.HEIGHT),
                show_label=False,
                elem_id="ph-loss",
                elem_classes="ph-figure-box",
            )
        with gr.Column(min_width=320):
            heading("Dev metrics")
            metrics = gr.Plot(
                figures.placeholder("", height=curves.HEIGHT),
                show_label=False,
                elem_id="ph-metrics",
                elem_classes="ph-figure-box",
            )
    with gr.Row():
        with gr.Column(min_width=320):
            heading("Measured on dev data")
            table = gr.HTML(min_height=200, elem_id="ph-metric-table")
        with gr.Column(min_width=320):
            heading("Log")
            log = gr.HTML(min_height=200, elem_id="ph-log")
    return Monitor(card, loss, metrics, table, log, stop, use, problem, gr.State(""), gr.Timer(_SECONDS, active=False))


def show(runs: RunManager, run_id: str, owner: str, seen: str) -> tuple[Any, ...]:
    """The monitor's outputs; all of them stay as they are when nothing changed since `seen`.

    Raises:
        RunError: there is no such run of this owner.
    """
    folder = runs.get(run_id, owner)
    mark, live = watching.mark(folder), folder.read_status().state.is_live
    if mark == seen:
        # Only now is the last line of an ended run's log on the page.
        return (*(gr.skip() for _ in range(8)), gr.Timer(active=live))
    look = watching.look(folder)
    total = look.status.total_steps
    return (
        mark,
        run_card(look.status, look.events, stopping=look.stopping),
        curves.loss_figure(curves.loss_lines(look.events, look.tasks), total_steps=total, live=live),
        curves.metric_figure(curves.metric_lines(look.events, look.tasks), total_steps=total),
        metric_table(look.events),
        log_view(look.log),
        gr.Button(visible=live, interactive=not look.stopping),
        gr.Button(visible=look.has_checkpoint),
        gr.Timer(active=True),
    )
