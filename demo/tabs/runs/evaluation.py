"""Evaluation of a run on a labelled file."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.inputs.columns import roles_of
from demo.inputs.text_input import need_size
from demo.tabs import column_choice
from demo.tabs.panels import Panel, build_panel, panel_class
from demo.tabs.shared import QUICK, Shared, constant, heading, message_place, reporting
from demo.training.measuring import measure, tasks_of
from demo.views import message
from demo.views.figures import placeholder
from demo.views.training import calibration
from demo.views.training.comparison import measured_table
from mtl.runs import RunFolder

_PANEL = "evaluation"
_AT_ONCE = 2
_SLOTS = 4  # columns of a pair with a score or a negative


@dataclass(frozen=True)
class Evaluation:
    """The components of the section."""

    fold: gr.Accordion
    task: gr.Dropdown
    file: gr.File
    go: gr.Button
    problem: gr.HTML
    result: gr.HTML
    curves: gr.Row
    reliability: gr.Plot
    risk: gr.Plot
    panel: Panel
    columns: list[gr.Dropdown]

    @property
    def clearing(self) -> list[Any]:
        """What `empty_evaluation` clears."""
        return [self.panel.shown, self.result, self.curves]


def build_evaluation() -> Evaluation:
    """Build the section."""
    fold = gr.Accordion("Evaluate on a file", open=False, elem_classes="ph-fold", elem_id="ph-evaluate-fold")
    with fold, gr.Row():
        with gr.Column(min_width=320):
            task = gr.Dropdown([], label="Task", elem_id="ph-evaluate-task")
            file = gr.File(label="Labelled file, in a training format", height=120, elem_id="ph-evaluate-file")
            with gr.Row():
                columns = column_choice.build_choices(_SLOTS, elem_id="ph-evaluate-column")
            with gr.Row(elem_classes="ph-action"):
                go = gr.Button("Evaluate", variant="primary", size="md", elem_id="ph-evaluate")
            problem = message_place("ph-evaluate-problem")
        with gr.Column(min_width=320):
            result = gr.HTML("", elem_id="ph-evaluate-result", elem_classes=panel_class(_PANEL))
        with gr.Row(visible=False, elem_id="ph-evaluate-curves", elem_classes=panel_class(_PANEL)) as curves:
            with gr.Column(min_width=300):
                heading(
                    "Reliability",
                    "How often decisions of a probability come true; on the dashed line they mean what they say.",
                )
                reliability = _plot("ph-evaluate-reliability")
            with gr.Column(min_width=300):
                heading("Risk by coverage", "How many are wrong if only the surest decisions are taken.")
                risk = _plot("ph-evaluate-risk")
        panel = build_panel(_PANEL, [task, file, *columns])
    return Evaluation(fold, task, file, go, problem, result, curves, reliability, risk, panel, columns)


def _plot(elem_id: str) -> gr.Plot:
    empty = placeholder("", height=calibration.HEIGHT)
    return gr.Plot(empty, show_label=False, elem_id=elem_id, elem_classes="ph-figure-box")


def empty_evaluation() -> tuple[Any, ...]:
    """No results."""
    return ("", "", gr.Row(visible=False))


def task_choice(folder: RunFolder) -> gr.Dropdown:
    """The tasks of a run, with the first one selected."""
    names = list(tasks_of(folder))
    return gr.Dropdown(choices=names, value=next(iter(names), None))


def wire_evaluation(shared: Shared, widgets: Evaluation, opened: gr.State) -> None:
    """Connect the button, and the choice of columns."""
    changes = [widgets.file.change, widgets.task.change]
    gr.on(changes, None, None, widgets.problem, js=constant(""))  # at once: a late answer would clear a newer message
    gr.on(
        changes,
        reporting(partial(_look, shared), outputs=_SLOTS, clears=False),
        [shared.owner, opened, widgets.task, widgets.file],
        [widgets.problem, *widgets.columns],
        **QUICK,
    )
    widgets.go.click(
        **widgets.panel.event(
            partial(_evaluate, shared),
            [shared.owner, opened, widgets.task, widgets.file, *widgets.columns],
            [widgets.result, widgets.curves, widgets.reliability, widgets.risk],
            problem=widgets.problem,
        ),
        trigger_mode="multiple",
        concurrency_id="measuring",
        concurrency_limit=_AT_ONCE,
        show_progress="minimal",
        show_progress_on=widgets.problem,
        api_visibility="private",
    )


def _look(shared: Shared, owner: str, run_id: str, task: str | None, file: str | None) -> tuple[Any, ...]:
    """The choices of the columns of a file, by the kind of the task."""
    roles = _roles(shared, owner, run_id, task)
    if file is None or not roles:
        return tuple(column_choice.hidden(_SLOTS))
    need_size(Path(file), shared.settings)
    return tuple(column_choice.padded(column_choice.choices_of_roles(shared.settings, file, roles), _SLOTS))


def _roles(shared: Shared, owner: str, run_id: str, task: str | None) -> tuple[str, ...]:
    kind = tasks_of(shared.runs.get(run_id, owner)).get(str(task))
    return roles_of(kind) if kind is not None else ()


def _evaluate(
    shared: Shared, owner: str, run_id: str, task: str | None, file: str | None, *columns: str | None
) -> tuple[Any, ...]:
    folder = shared.runs.get(run_id, owner)
    roles = _roles(shared, owner, run_id, task)
    chosen = column_choice.of_roles(roles, columns)
    found = measure(folder, task, Path(file) if file else None, shared.settings, chosen)
    result = message.notes(found.notes) + measured_table(found.metrics)
    if found.curves is None:
        return (result, gr.Row(visible=False), gr.skip(), gr.skip())
    figures = (calibration.reliability_figure(found.curves), calibration.risk_figure(found.curves))
    return (result, gr.Row(visible=True), *figures)
