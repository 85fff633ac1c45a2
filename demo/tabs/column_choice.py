"""Choosing the columns of an uploaded file: the likely ones are shown, and others can be taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.inputs.columns import FLAGS, SPARED_ROLES, text_roles
from demo.inputs.text_input import need_size
from demo.reading import read_in_child
from demo.settings import Settings
from demo.tabs.shared import Handler, reporting
from mtl.errors import InputError

TEXT_ROLES = ("text", "label")
NO_LABEL = "no label"
NO_COLUMN = "no column"
"""The choice of a role that a table of pairs may do without."""


def build_choices(count: int, *, elem_id: str | None = None) -> list[gr.Dropdown]:
    """As many choices as there may be roles, hidden until there is a file."""
    return [
        gr.Dropdown([], label="Column", visible=False, min_width=160, elem_id=f"{elem_id}-{i}" if elem_id else None)
        for i in range(count)
    ]


@dataclass(frozen=True)
class ColumnUpload:
    """The button of an upload, the choices of its columns with their roles, and the place of its messages."""

    button: gr.UploadButton
    columns: Sequence[gr.Dropdown]
    roles: Sequence[str]
    problem: gr.HTML


def wire_upload(settings: Settings, upload: ColumnUpload, read: Handler, outputs: Sequence[Any]) -> list[Any]:
    """Read a file when it comes, and again when another column is chosen.

    Args:
        settings: of the page.
        upload: its components.
        read: takes the file and the chosen columns, and returns values of the outputs.
        outputs: the components that it fills.

    Returns:
        The two events.
    """
    file = gr.State(None)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    event: dict[str, Any] = {
        "fn": reporting(partial(_read_file, read), outputs=len(outputs)),
        "inputs": [file, *upload.columns],
        "outputs": [upload.problem, *outputs],
        **quiet,
    }
    looked = upload.button.upload(
        reporting(partial(look_at, settings, upload.roles), outputs=1 + len(upload.columns)),
        upload.button,
        [upload.problem, file, *upload.columns],
        **quiet,
    )
    return [looked.success(**event), gr.on([column.input for column in upload.columns], **event)]


def _read_file(read: Handler, file: str | None, *columns: str | None) -> tuple[Any, ...]:
    if file is None:  # the server has forgotten it
        raise InputError("Upload the file again; the page does not have it any more.")
    return read(file, *columns)


def look_at(settings: Settings, roles: Sequence[str], file: str | None) -> tuple[Any, ...]:
    """The file, and the choices of its columns.

    Raises:
        InputError: there is no file, or it is too large.
    """
    if file is None:
        raise InputError("Upload a file first.")
    need_size(Path(file), settings)
    return file, *choices_of_texts(settings, file, roles)


def choice(role: str, columns: Sequence[str], value: str | None) -> gr.Dropdown:
    """The choice of the column of a role, or of none where none is likely and the role can be spared."""
    if value is None and role in SPARED_ROLES:
        columns, value = [NO_COLUMN, *columns], NO_COLUMN
    return gr.Dropdown(choices=list(columns), value=value, label=f"Column with the {role}", visible=True)


def hidden(count: int) -> list[gr.Dropdown]:
    """Choices of nothing."""
    return [gr.Dropdown(visible=False, choices=[], value=None)] * count


def padded(choices: Sequence[gr.Dropdown], count: int) -> list[gr.Dropdown]:
    """The choices, and hidden ones up to their number."""
    return [*choices, *hidden(count - len(choices))]


def choices_of_texts(settings: Settings, file: str | None, roles: Sequence[str] = TEXT_ROLES) -> list[gr.Dropdown]:
    """The choices of a file of texts, which may have labels; hidden where there is nothing to choose."""
    columns, found = _columns(settings, file, roles) if file else ([], {})
    if not columns:
        return hidden(len(roles))
    labels = [NO_LABEL, *([FLAGS] if found.get("label") == FLAGS else []), *columns]
    choices = {role: labels if role == "label" else columns for role in roles}
    values = {role: found.get(role, NO_LABEL if role == "label" else None) for role in roles}
    return [choice(role, choices[role], values[role]) for role in roles]


def choices_of_roles(settings: Settings, file: str, roles: Sequence[str]) -> list[gr.Dropdown]:
    """The choices of a labelled file; hidden where there is nothing to choose."""
    columns, found = _columns(settings, file, roles)
    if not columns:
        return hidden(len(roles))
    extra = [FLAGS] if FLAGS in found.values() else []
    return [choice(role, [*extra, *columns] if role == "label" else columns, found.get(role)) for role in roles]


def _columns(settings: Settings, file: str, roles: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    return read_in_child(text_roles, Path(file), roles, path=Path(file), settings=settings)


def of_roles(roles: Sequence[str], values: Sequence[str | None]) -> dict[str, str]:
    """The column of each role that has one."""
    pairs = zip(roles, values, strict=False)
    return {role: column for role, column in pairs if column and column not in (FLAGS, NO_COLUMN)}


def chosen(values: Sequence[str | None], roles: Sequence[str] = TEXT_ROLES) -> Mapping[str, str]:
    """The chosen column of each role; empty for no label."""
    found = {role: value for role, value in zip(roles, values, strict=True) if value and value != FLAGS}
    return {role: "" if value == NO_LABEL else value for role, value in found.items()}
