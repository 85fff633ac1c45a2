"""A new project from texts and labels, or one from the list."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.answers.cost import need_file
from demo.inputs.endings import text_files
from demo.inputs.text_input import Sentences, read_sentences
from demo.labelling.examples import ExampleProject, example_projects
from demo.labelling.form import spec_of
from demo.labelling.texts import need_short, texts_to_label
from demo.settings import Settings
from demo.tabs import column_choice
from demo.tabs.label.desk import Desk, Work
from demo.tabs.label.suggesting import suggested_labels
from demo.tabs.shared import ON_ENGINE, QUICK, example_buttons, heading, message_place, reporting
from demo.views import message
from demo.views.labelling.projects import KINDS, PRESSES, project_list
from mtl.labelling import ProjectKind

_ROLES = ("text",)
_SUGGESTED = (ProjectKind.CLASSES, ProjectKind.LABELS)
"""Kinds whose labels clusters can suggest."""
_LABELS_INFO = (
    "One per line; they can be changed later. A description after a colon and a blank helps the first guesses: "
    "“sports: matches and records”."
)


@dataclass(frozen=True)
class StartForm:
    """The form and the list."""

    text: gr.Textbox
    uploaded: gr.State
    count: gr.Textbox
    """How many texts a longer file has than the box shows; the browser knows it when the server forgets the texts."""
    upload: gr.UploadButton
    columns: list[gr.Dropdown]
    note: gr.HTML
    upload_problem: gr.HTML
    task: gr.Textbox
    kind: gr.Radio
    labels: gr.Textbox
    suggest: gr.Button
    suggest_problem: gr.HTML
    start: gr.Button
    examples: list[gr.Button]
    projects: gr.HTML

    @property
    def fields(self) -> list[Any]:
        """What `new_project` takes."""
        return [self.text, self.uploaded, self.count, self.task, self.kind, self.labels]


def build_start(desk: Desk) -> StartForm:
    """Build the form and connect its upload."""
    settings = desk.shared.settings
    endings = list(text_files(settings))
    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            heading("Texts", "Paste them or upload a file. They need no labels.")
            text = gr.Textbox(
                "", label="Texts to label, one per line", lines=12, max_lines=12, elem_id="ph-label-texts"
            )
            examples = example_buttons([one.title for one in example_projects()])
            with gr.Row(elem_classes="ph-action"):
                upload = gr.UploadButton(
                    "Upload a file", file_types=endings, size="md", min_width=120, elem_id="ph-label-upload"
                )
            with gr.Row():
                columns = column_choice.build_choices(len(_ROLES), elem_id="ph-label-column")
            limit = f"Up to {settings.max_label_texts:,} texts."
            note = gr.HTML(
                message.note(f"{', '.join(endings)}: one text per line, or a table with a column of texts. {limit}")
            )
            upload_problem = message_place()
        with gr.Column(scale=2, min_width=300):
            heading("Task", "The model guesses from the first text on, and learns from every answer.")
            task = gr.Textbox(
                "", label="Task name", placeholder="for example: topic", max_length=32, elem_id="ph-label-task"
            )
            kind = gr.Radio(
                [(title, str(kind)) for kind, title in KINDS.items()],
                value=str(ProjectKind.CLASSES),
                label="Kind",
                elem_id="ph-label-kind",
            )
            labels = gr.Textbox(
                "", label="Labels or entity types", info=_LABELS_INFO, lines=6, max_lines=12, elem_id="ph-label-names"
            )
            problem = message_place()
            with gr.Row(elem_classes="ph-action"):
                suggest = gr.Button("Suggest labels from clusters", size="md", elem_id="ph-label-suggest")
                start = gr.Button("Start labelling", variant="primary", size="md", elem_id="ph-label-start")
    heading("Projects", "Every answer is kept; a project can be opened again at any time.")
    projects = gr.HTML("", js_on_load=PRESSES, apply_default_css=False, elem_id="ph-label-projects")
    count = gr.Textbox("", visible=False)
    form = StartForm(
        text, gr.State(None), count, upload, columns, note, upload_problem, task, kind, labels, suggest, problem, start,
        examples, projects,
    )  # fmt: skip
    column_choice.wire_upload(
        settings,
        column_choice.ColumnUpload(upload, columns, _ROLES, upload_problem),
        partial(_read, desk),
        [text, form.uploaded, count, note],
    )
    _wire_labels(desk, form)
    return form


def _wire_labels(desk: Desk, form: StartForm) -> None:
    """Show what the kind needs, and suggest labels."""

    def needed(kind: str) -> tuple[gr.Textbox, gr.Button]:
        return gr.Textbox(visible=kind != ProjectKind.PAIRS), gr.Button(visible=kind in _SUGGESTED)

    def suggest(*values: Any) -> tuple[str]:  # noqa: ANN401
        fields, rest = values[: len(form.fields)], values[len(form.fields) :]
        return (_suggested(desk.work(*rest), *fields),)

    form.kind.change(needed, form.kind, [form.labels, form.suggest], **QUICK)
    form.suggest.click(
        reporting(suggest, outputs=1),
        [*form.fields, *desk.inputs],
        [form.suggest_problem, form.labels],
        show_progress="minimal",
        show_progress_on=form.suggest_problem,
        **ON_ENGINE,
    )


def _suggested(work: Work, *fields: Any) -> str:  # noqa: ANN401
    box, uploaded, count, *_, labels = fields
    settings = work.desk.shared.settings
    return suggested_labels(work.model, _texts(box, uploaded, count, settings), labels, settings)


def wire_list(desk: Desk, form: StartForm, tab: gr.Tab, problem: gr.HTML) -> None:
    """List the projects when the tab is shown, and delete one."""
    owner = desk.shared.owner

    # Gradio finds the event data by the annotation of a plain function.
    def delete(owner: str, event: gr.EventData) -> tuple[str]:
        folder = desk.projects.folder(event._data.get("project"), owner)
        desk.projects.delete(folder.name, owner)
        desk.opened.close(folder)
        return (project_list(desk.projects.of(owner)),)

    tab.select(partial(listed, desk), owner, form.projects, **QUICK)
    form.projects.delete(reporting(delete, outputs=1), owner, [problem, form.projects], **QUICK)


def listed(desk: Desk, owner: str) -> str:
    """The list of projects."""
    return project_list(desk.projects.of(owner))


def example_values(example: ExampleProject) -> tuple[Any, ...]:
    """The values of `StartForm.fields` for an example."""
    sentences = example.sentences
    return sentences.shown, sentences, _hidden(sentences), example.task, str(example.kind), example.labels


def new_project(work: Work, *fields: Any) -> str:  # noqa: ANN401
    """Make a project from the form and give its id.

    Raises:
        MtlError: a field cannot be used, the texts are too many, or there is no place left.
    """
    box, uploaded, count, task, kind, labels = fields
    settings, spec = work.desk.shared.settings, spec_of(task, kind, labels)
    texts = _texts(box, uploaded, count, settings)
    need_file(work.model, texts, settings)
    return work.desk.projects.create(texts, spec, owner=work.owner).id


def _texts(box: str | None, uploaded: object, count: object, settings: Settings) -> tuple[str, ...]:
    file = uploaded if isinstance(uploaded, Sentences) else None
    return texts_to_label(box, file, settings, of_file=int(str(count)) if str(count).isdecimal() else 0)


def _read(desk: Desk, file: str, *columns: str | None) -> tuple[str, Sentences, str, str]:
    """The text box, the texts of a file, their number, and a note."""
    sentences = read_sentences(Path(file), desk.shared.settings, column_choice.chosen(columns, _ROLES))
    need_short(sentences, Path(file).name)
    total, shown = len(sentences.texts), len(sentences.shown.split("\n"))
    line = f"{Path(file).name}: {total:,} {'text' if total == 1 else 'texts'}"
    line += f"; the first {shown:,} are in the box and can be changed there" if shown < total else ""
    return sentences.shown, sentences, _hidden(sentences), message.note(" · ".join([line, *sentences.notes]))


def _hidden(sentences: Sentences) -> str:
    """The number of all texts, where the box does not show all of them."""
    total = len(sentences.texts)
    return str(total) if total > len(sentences.shown.split("\n")) else ""
