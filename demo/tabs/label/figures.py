"""The panel of progress: asked for when the hand rests, so that it never delays the next card."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.tabs.label.desk import Desk, Work
from demo.tabs.shared import heading, latest, message_place, reporting
from demo.views import figures, message
from demo.views.labelling import progress as view


@dataclass(frozen=True)
class Figures:
    """The components of the panel."""

    problem: gr.HTML
    summary: gr.HTML
    curve: gr.Plot
    details: gr.HTML
    requests: gr.State

    @property
    def outputs(self) -> list[Any]:
        """What a refresh fills."""
        return [self.problem, self.summary, self.curve, self.details]


def build_figures() -> Figures:
    """An empty panel."""
    heading("Progress", "Measured on cards that were drawn by chance, by a model that has not seen their answers.")
    problem = message_place()
    _, empty, unmeasured, _ = no_figures()
    summary = gr.HTML(empty, min_height=96, elem_id="ph-label-progress")
    curve = gr.Plot(
        unmeasured,
        show_label=False,
        elem_id="ph-label-curve",
        elem_classes="ph-figure-box",
    )
    details = gr.HTML("", js_on_load=view.OPENS, apply_default_css=False, elem_id="ph-label-details")
    return Figures(problem, summary, curve, details, gr.State(LatestOnly()))


def no_figures() -> tuple[Any, ...]:
    """What the panel shows before the first answers of a project are measured."""
    curve = figures.placeholder("The learning curve starts after some more answers.", height=view.HEIGHT)
    return "", message.empty(view.EMPTY), curve, ""


def refreshing(desk: Desk, made: Figures) -> dict[str, Any]:
    """The event that fills the panel."""
    count = len(made.outputs) - 1
    return {
        "fn": latest(reporting(lambda *values: _figures(desk.work(*values)), outputs=count), outputs=1 + count),
        "inputs": [made.requests, *desk.inputs],
        "outputs": made.outputs,
        "trigger_mode": "always_last",
        "show_progress": "hidden",
        "concurrency_id": "label-figures",
        "concurrency_limit": 2,
        "api_visibility": "private",
    }


def _figures(work: Work) -> tuple[Any, ...]:
    if not work.project:
        return gr.skip(), gr.skip(), gr.skip()
    session = work.session
    progress = session.progress(work.annotator)
    project = session.project
    details = view.details(progress, session.agreement(), project.spec, project.texts)
    if not progress.answered:
        return message.empty(view.EMPTY), view.curve(progress), details
    return view.summary(progress), view.curve(progress), details
