"""Handing over: to the Train tab, to a file, or to a checkpoint."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.answers.engines import key_of
from demo.inputs import kept_drafts
from demo.labelling.handing_over import FileFormat, checkpoint_of, counts_of, file_of, formats_for, task_of
from demo.serving.visitor import current
from demo.settings import Training
from demo.tabs.label.desk import Desk, Work
from demo.tabs.shared import ON_ENGINE, heading, message_place, reporting
from demo.tabs.train import SAVE_FILE, TrainTab
from demo.views import message
from mtl.labelling import ProjectKind
from mtl.labelling.engines import handed_over


@dataclass(frozen=True)
class HandOver:
    """The components of the section."""

    train: gr.Button
    form: gr.Dropdown
    download: gr.Button
    file: gr.File
    save: gr.Button
    problem: gr.HTML
    status: gr.HTML


def build_hand_over(desk: Desk) -> HandOver:
    """Build the section and connect what needs no other tab."""
    heading("Hand over", "The answers as training data, or the model as it is now.")
    off = desk.shared.settings.training is Training.OFF
    with gr.Row(elem_classes="ph-action"):
        train = gr.Button("Add to Train", size="md", visible=not off, elem_id="ph-label-train")
        form = gr.Dropdown(
            formats_for(ProjectKind.SPANS),
            value=str(FileFormat.JSONL),
            label="File format",
            show_label=False,
            container=False,
            min_width=160,
            elem_id="ph-label-format",
        )
        download = gr.Button("Download", size="md", elem_id="ph-label-download")
        save = gr.Button("Save as checkpoint", size="md", elem_id="ph-label-save")
    problem = message_place()
    status = gr.HTML("", elem_id="ph-label-handed", elem_classes="ph-message")
    file = gr.File(visible=False)
    made = HandOver(train, form, download, file, save, problem, status)

    def pack(form: str, *values: Any) -> tuple[str, str]:  # noqa: ANN401
        path, notes = file_of(desk.work(*values).session, form)
        return str(path), message.note(" · ".join([path.name, *notes]))

    def keep(*values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return _keep(desk.work(*values))

    slow: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": status, "api_visibility": "private"}
    packed = download.click(reporting(pack, outputs=2), [form, *desk.inputs], [problem, file, status], **slow)
    packed.success(None, file, None, js=SAVE_FILE)
    save.click(reporting(keep, outputs=2), desk.inputs, [problem, desk.shared.picker, status], **slow | ON_ENGINE)
    return made


def wire_train(desk: Desk, made: HandOver, training: TrainTab | None) -> None:
    """Connect the button that adds the answers to the Train tab."""
    if training is None:
        return
    form = training.form
    ticked = form.fields[0]

    def add(chosen: list[str] | None, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return _add(desk.work(*values), chosen)

    added = made.train.click(
        reporting(add, outputs=2),
        [ticked, *desk.inputs],
        [made.problem, ticked, made.status],
        concurrency_limit=2,
        show_progress="minimal",
        show_progress_on=made.status,
        api_visibility="private",
    )
    form.refresh_after(added)


def formats_of(kind: ProjectKind, current: str | None) -> gr.Dropdown:
    """The choice of formats for a kind of project."""
    offered = formats_for(kind)
    kept = current if current in [value for _, value in offered] else str(FileFormat.JSONL)
    return gr.Dropdown(choices=offered, value=kept)


def _add(work: Work, ticked: list[str] | None) -> tuple[Any, ...]:
    settings = work.desk.shared.settings
    session = work.session
    name = task_of(session, owner=work.owner, settings=settings)
    names = [task.name for task in kept_drafts.known(work.owner, settings)]
    own = handed_over(session.project.folder)  # the new one has the data of the earlier ones
    kept = [one for one in ticked or () if one in names and one not in own]
    said = f"{name} is ticked on the Train tab; every fifth text is held out for dev."
    if session.project.of_pairs:
        counted = counts_of(session.examples())
        said = f"{name} is ticked on the Train tab: {counted}; every fifth pair is held out for dev."
    return gr.CheckboxGroup(choices=names, value=[*kept, name]), message.note(said)


def _keep(work: Work) -> tuple[Any, ...]:
    shared = work.desk.shared
    run = checkpoint_of(work.session, owner=work.owner, address=current().address, settings=shared.settings)
    choices = shared.engines.choices(work.owner)
    title = next((title for title, key in choices if key == key_of(run)), run)
    said = message.note(f"Saved as {title}: it can be chosen in the header, and is on the Runs tab.")
    return gr.Dropdown(choices=choices), said
