"""Evaluation of a run on a labelled file."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr

from demo.tabs.panels import Panel, build_panel, panel_class
from demo.tabs.shared import Shared, message_place
from demo.training.measuring import measure, tasks_of
from demo.views.training.comparison import measured_table
from mtl.runs import RunFolder

_PANEL = "evaluation"
_AT_ONCE = 2


@dataclass(frozen=True)
class Evaluation:
    """The components of the section."""

    fold: gr.Accordion
    task: gr.Dropdown
    file: gr.File
    go: gr.Button
    problem: gr.HTML
    result: gr.HTML
    panel: Panel


def build_evaluation() -> Evaluation:
    """Build the section."""
    fold = gr.Accordion("Evaluate on a file", open=False, elem_classes="ph-fold", elem_id="ph-evaluate-fold")
    with fold, gr.Row():
        with gr.Column(min_width=320):
            task = gr.Dropdown([], label="Task", elem_id="ph-evaluate-task")
            file = gr.File(label="Labelled file, in a training format", height=120, elem_id="ph-evaluate-file")
            with gr.Row(elem_classes="ph-action"):
                go = gr.Button("Evaluate", variant="primary", size="md", elem_id="ph-evaluate")
            problem = message_place("ph-evaluate-problem")
        with gr.Column(min_width=320):
            result = gr.HTML("", elem_id="ph-evaluate-result", elem_classes=panel_class(_PANEL))
        panel = build_panel(_PANEL, [task, file])
    return Evaluation(fold, task, file, go, problem, result, panel)


def task_choice(folder: RunFolder) -> gr.Dropdown:
    """The tasks of a run, with the first one selected."""
    names = list(tasks_of(folder))
    return gr.Dropdown(choices=names, value=next(iter(names), None))


def wire_evaluation(shared: Shared, widgets: Evaluation, opened: gr.State) -> None:
    """Connect the button."""
    widgets.go.click(
        **widgets.panel.event(
            partial(_evaluate, shared),
            [shared.owner, opened, widgets.task, widgets.file],
            [widgets.result],
            problem=widgets.problem,
        ),
        trigger_mode="multiple",
        concurrency_id="measuring",
        concurrency_limit=_AT_ONCE,
        show_progress="minimal",
        show_progress_on=widgets.problem,
        api_visibility="private",
    )


def _evaluate(shared: Shared, owner: str, run_id: str, task: str | None, file: str | None) -> tuple[str]:
    folder = shared.runs.get(run_id, owner)
    return (measured_table(measure(folder, task, Path(file) if file else None, shared.settings)),)
