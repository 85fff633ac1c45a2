"""Adding a task: files, the roles of columns, and a preview of the first rows."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.inputs.columns import (
    FLAGS,
    SET_ROLES,
    TablePreview,
    first_rows,
    guess,
    guess_sets,
    has_several_labels,
    roles_of,
    tagged_rows,
)
from demo.inputs.drafts import TaskUpload, allowed_endings
from demo.inputs.text_input import need_size
from demo.reading import read_in_child
from demo.settings import Settings
from demo.tabs import column_choice
from demo.tabs.shared import QUICK, Shared, message_place, reporting
from demo.views import message
from demo.views.training.preview import table_preview, tagged_preview
from mtl.errors import DataError, InputError
from mtl.recipe import TaskKind

_RANGES = {"0 to 1": (0.0, 1.0), "0 to 5": (0.0, 5.0), "1 to 5": (1.0, 5.0), "-1 to 1": (-1.0, 1.0)}
_FORMATS = {
    TaskKind.CLASSIFICATION: "CSV, Excel, JSON or an export of an annotation tool, with a text and its label in each "
    "row. Several labels are a list, a column with | between them, or a column of 0 and 1 for each.",
    TaskKind.TAGGING: "CoNLL (a token and its tag per line, a blank line between sentences), or an export of an "
    "annotation tool.",
    TaskKind.SIMILARITY: "CSV, Excel or JSON with two sentences and a score in each row; or with two sentences that "
    "belong together, and perhaps a third one that does not belong to the first.",
}
_ROLE_SLOTS = 4
_SHOWN_SENTENCES = 4


@dataclass(frozen=True)
class UploadForm:
    """The button, the fields in the order of `upload_of`, and the fields that `empty_fields` empties."""

    add: gr.Button
    fields: list[Any]
    cleared: list[Any]


def build_upload_form(shared: Shared) -> UploadForm:
    """Build the form and connect its preview."""
    settings = shared.settings
    with gr.Row():
        name = gr.Textbox(label="Task name", placeholder="for example: intent", max_length=32, min_width=160)
        kind = gr.Dropdown(list(TaskKind), value=TaskKind.CLASSIFICATION, label="Kind", min_width=160)
        several = gr.Checkbox(False, label="Several labels per text", min_width=160, elem_id="ph-several")
        scores = gr.Dropdown(list(_RANGES), value="0 to 1", label="Score range", visible=False, min_width=120)
    limits = gr.HTML(_limits(TaskKind.CLASSIFICATION, settings))
    with gr.Row():
        train = gr.File(label="Training file", height=120, min_width=220, elem_id="ph-train-file")
        dev = gr.File(label="Dev file (optional)", height=120, min_width=220, elem_id="ph-dev-file")
    problem = message_place("ph-preview-problem")
    with gr.Row():
        roles = column_choice.build_choices(_ROLE_SLOTS)
    preview = gr.HTML("", elem_id="ph-preview", elem_classes="ph-message")
    with gr.Row(elem_classes="ph-action"):
        add = gr.Button("Check and add", size="md")

    look = {
        "fn": reporting(partial(_preview, settings), outputs=2 + _ROLE_SLOTS),
        "inputs": [kind, train],
        "outputs": [problem, preview, several, *roles],
        **QUICK,
    }
    kind.change(partial(_of_kind, settings), kind, [scores, limits, several], **QUICK).then(**look)
    train.change(**look)
    several.input(
        reporting(partial(_roles_again, settings), outputs=_ROLE_SLOTS),
        [kind, train, several],
        [problem, *roles],
        **QUICK,
    )
    fields = [name, kind, scores, several, train, dev, *roles]
    return UploadForm(add, fields, [name, several, train, dev, preview, *roles])


def empty_fields() -> tuple[Any, ...]:
    """The values of the emptied fields."""
    return "", False, None, None, "", *(gr.Dropdown(visible=False) for _ in range(_ROLE_SLOTS))


def upload_of(name: str, kind: str, scores: str, several: bool, *files_and_columns: str | None) -> TaskUpload:
    """The upload as it was filled in; the training file, the dev file and the columns of the roles come last."""
    train, dev, *columns = files_and_columns
    sets = several and kind == TaskKind.CLASSIFICATION
    roles = SET_ROLES if sets else roles_of(_kind(kind))
    mapping = column_choice.of_roles(roles, columns)
    return TaskUpload(name, _kind(kind), _path(train), _path(dev), _RANGES[scores], sets, mapping)


def _kind(value: object) -> TaskKind:
    """The kind of a choice, which may come from a program."""
    found = next((kind for kind in TaskKind if kind == value), None)
    if found is None:
        raise InputError(f"A kind of {', '.join(TaskKind)} was expected.")
    return found


def _limits(kind: TaskKind, settings: Settings) -> str:
    limits = f"At most {settings.max_upload_mb:g} MB and {settings.max_rows:,} examples."
    return message.note(f"{_FORMATS[kind]} {limits} Without a dev file, every fifth example is held out.")


def _of_kind(settings: Settings, kind: str) -> tuple[gr.Dropdown, str, gr.Checkbox]:
    chosen = _kind(kind)
    several = gr.Checkbox(visible=kind == TaskKind.CLASSIFICATION)
    return gr.Dropdown(visible=kind == TaskKind.SIMILARITY), _limits(chosen, settings), several


def _preview(settings: Settings, kind: str, file: str | None) -> tuple[Any, ...]:
    hidden = column_choice.hidden(_ROLE_SLOTS)
    path = _path(file)
    if path is None:
        return ("", gr.skip(), *hidden)
    chosen = _kind(kind)
    allowed = allowed_endings(chosen, settings)
    if path.suffix.lower() not in allowed:
        raise DataError(f"a file of type {', '.join(allowed)} was expected.", path=path)
    need_size(path, settings)
    if chosen is TaskKind.TAGGING:
        sentences = read_in_child(tagged_rows, path, _SHOWN_SENTENCES, path=path, settings=settings)
        return (tagged_preview(sentences), False, *hidden)
    table = read_in_child(first_rows, path, path=path, settings=settings)
    several = chosen is TaskKind.CLASSIFICATION and has_several_labels(table)
    roles = _set_role_choices(table) if several else _role_choices(chosen, table)
    return (table_preview(table), several, *roles)


def _roles_again(settings: Settings, kind: str, file: str | None, several: bool) -> tuple[Any, ...]:
    """The columns to choose after several labels were asked for, or no longer."""
    path = _path(file)
    if (
        path is None
        or kind != TaskKind.CLASSIFICATION
        or path.suffix.lower() not in allowed_endings(TaskKind.CLASSIFICATION, settings)
    ):
        return tuple(gr.skip() for _ in range(_ROLE_SLOTS))
    need_size(path, settings)
    table = read_in_child(first_rows, path, path=path, settings=settings)
    return tuple(_set_role_choices(table) if several else _role_choices(TaskKind.CLASSIFICATION, table))


def _role_choices(kind: TaskKind, table: TablePreview) -> list[gr.Dropdown]:
    guessed = guess(kind, table)
    shown = [column_choice.choice(role, table.columns, guessed.get(role)) for role in roles_of(kind)]
    return column_choice.padded(shown, _ROLE_SLOTS)


def _set_role_choices(table: TablePreview) -> list[gr.Dropdown]:
    guessed = guess_sets(table)
    text = column_choice.choice("text", table.columns, guessed.get("text"))
    labels = column_choice.choice("labels", [*table.columns, FLAGS], guessed.get("labels", FLAGS))
    return column_choice.padded([text, labels], _ROLE_SLOTS)


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None
