"""Step 1 of the Train tab: the tasks, from example data or from uploaded files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.inputs import drafts, kept_drafts
from demo.inputs.drafts import Draft
from demo.settings import Settings
from demo.tabs.panels import panel_class
from demo.tabs.shared import Shared, message_place, reporting
from demo.tabs.train import upload as uploading
from demo.views import message
from demo.views.training.data import data_summary

_TICKED = ("topic", "entities")
_EMPTY = "Select a task, or add one from your own files."


@dataclass(frozen=True)
class DataStep:
    """The selected tasks, their summary, and the place for warnings from the plan."""

    ticked: gr.CheckboxGroup
    summary: gr.HTML
    warnings: gr.HTML
    added: Any
    """The event after which the other steps are updated."""
    forgotten: Any


def build_data_step(shared: Shared) -> DataStep:
    """Build the step and connect its events."""
    built_in = drafts.built_in()
    names = [draft.name for draft in built_in]
    ticked_at_first = [name for name in _TICKED if name in names]
    ticked = gr.CheckboxGroup(
        names,
        value=ticked_at_first,
        label="Tasks",
        info="Every selected task gets its own head on the shared encoder.",
        elem_id="ph-tasks",
    )
    summary = gr.HTML(summary_of(ticked_at_first, built_in), elem_id="ph-data", elem_classes=panel_class("form"))
    warnings = gr.HTML("", elem_id="ph-data-warnings", elem_classes=["ph-message", *panel_class("plan")])
    with gr.Accordion("Add a task from your own files", open=False, elem_classes="ph-fold", elem_id="ph-add-task"):
        upload = uploading.build_upload_form(shared)
        problem = message_place("ph-data-problem")
    with gr.Row(elem_classes="ph-action"):
        forget = gr.Button("Remove the selected tasks that I added", size="sm", visible=False)
    added = upload.add.click(
        reporting(partial(_add, shared.settings), outputs=2 + len(upload.cleared)),
        [shared.owner, ticked, *upload.fields],
        [problem, ticked, forget, *upload.cleared],
        concurrency_limit=2,
        show_progress="minimal",
        show_progress_on=problem,
        api_visibility="private",
    )
    forgotten = forget.click(
        reporting(partial(_forget, shared.settings), outputs=2),
        [shared.owner, ticked],
        [problem, ticked, forget],
        queue=False,
        api_visibility="private",
    )
    return DataStep(ticked, summary, warnings, added, forgotten)


def summary_of(ticked: Sequence[str], known: Sequence[Draft]) -> str:
    """The cards of the selected tasks."""
    chosen = [draft for draft in known if draft.name in ticked]
    return data_summary(chosen) if chosen else message.empty(_EMPTY)


def _add(settings: Settings, owner: str, ticked: list[str], *fields: Any) -> tuple[Any, ...]:  # noqa: ANN401
    upload = uploading.upload_of(*fields)
    draft = kept_drafts.add_task(upload, owner=owner, settings=settings)
    names = [task.name for task in kept_drafts.known(owner, settings)]
    tasks = gr.CheckboxGroup(choices=names, value=[*ticked, draft.name])
    return (tasks, gr.Button(visible=True), *uploading.empty_fields())


def _forget(settings: Settings, owner: str, ticked: list[str]) -> tuple[gr.CheckboxGroup, gr.Button]:
    examples = {draft.name for draft in drafts.built_in()}
    for name in ticked:
        if name not in examples:
            kept_drafts.forget_task(name, owner=owner, settings=settings)
    names = [task.name for task in kept_drafts.known(owner, settings)]
    kept = [name for name in ticked if name in names]
    return gr.CheckboxGroup(choices=names, value=kept), gr.Button(visible=len(names) > len(examples))
