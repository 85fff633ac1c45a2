"""Labels that are added, renamed or removed while a project is labelled."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.labelling.form import hints_of
from demo.tabs.label.cards import fresh_card
from demo.tabs.label.desk import Desk, Work
from demo.tabs.label.opening import labels_of
from demo.tabs.shared import QUICK, message_place, reporting
from mtl.errors import InputError
from mtl.labelling import LabelHint


@dataclass(frozen=True)
class Naming:
    """The components of the section."""

    place: gr.Accordion
    label: gr.Dropdown
    text: gr.Textbox
    add: gr.Button
    rename: gr.Button
    remove: gr.Button
    problem: gr.HTML


def build_naming() -> Naming:
    """Build the section."""
    with gr.Accordion("Change the labels", open=False, elem_classes="ph-fold", elem_id="ph-label-change") as place:
        with gr.Row():
            text = gr.Textbox(
                "", label="New name", placeholder="name: description", max_lines=1, elem_id="ph-label-new"
            )
            label = gr.Dropdown([], label="Label to rename or remove", elem_id="ph-label-old")
        with gr.Row(elem_classes="ph-action"):
            add = gr.Button("Add", size="sm", elem_id="ph-label-add")
            rename = gr.Button("Rename", size="sm", elem_id="ph-label-rename")
            remove = gr.Button("Remove", size="sm", elem_id="ph-label-remove")
        problem = message_place()
    return Naming(place, label, text, add, rename, remove, problem)


def wire_naming(desk: Desk, made: Naming, card: gr.HTML, choices: list[Any]) -> list[Any]:
    """Connect the buttons and give their events; `choices` are the components that depend on the labels."""
    events = []
    changes = {made.add: _add, made.rename: _rename, made.remove: _remove}
    for button, change in changes.items():

        def changed(text: str, label: str | None, *values: Any, change: Any = change) -> tuple[Any, ...]:  # noqa: ANN401
            work = desk.work(*values)
            change(work, text, label)
            return fresh_card(work), "", *labels_of(work.session)

        event = button.click(
            reporting(changed, outputs=2 + len(choices)),
            [made.text, made.label, *desk.inputs],
            [made.problem, card, made.text, *choices],
            **QUICK,
        )
        events.append(event)
    return events


def _add(work: Work, text: str, _label: str | None) -> None:
    for hint in hints_of(text) or _missing("Type the name of the new label."):
        work.session.project.add_label(hint)


def _rename(work: Work, text: str, label: str | None) -> None:
    hints = hints_of(text)
    if not label or not hints:
        _missing("Choose a label and type its new name.")
    project, new = work.session.project, hints[0]
    if new.name != label:
        project.rename_label(str(label), new.name)
    if new.description:
        project.describe_label(new)


def _remove(work: Work, _text: str, label: str | None) -> None:
    if not label:
        _missing("Choose a label.")
    work.session.project.remove_label(str(label))


def _missing(sentence: str) -> tuple[LabelHint, ...]:
    raise InputError(sentence)
