"""The model of a run for another tool: a choice of format, and a zip to download."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.runs.info import name_of
from demo.tabs.shared import Shared, message_place
from demo.tabs.train import SAVE_FILE
from demo.training.exporting import export_run
from demo.views import message
from mtl.errors import MtlError
from mtl.exports import FORMATS


@dataclass(frozen=True)
class Exporting:
    """The components of the section."""

    fold: gr.Accordion
    format: gr.Dropdown
    go: gr.Button
    file: gr.DownloadButton
    problem: gr.HTML
    line: gr.HTML

    @property
    def clearing(self) -> list[Any]:
        """The components that are emptied for another run."""
        return [self.problem, self.line]


def build_exporting() -> Exporting:
    """Build the section."""
    fold = gr.Accordion("Export", open=False, elem_classes="ph-fold", elem_id="ph-export-fold")
    with fold, gr.Column():
        with gr.Row(elem_classes="ph-action"):
            names = list(FORMATS)
            format_ = gr.Dropdown(names, value=names[0], label="Format", elem_id="ph-export-format", min_width=240)
            go = gr.Button("Export the model", variant="primary", size="md", elem_id="ph-export-go")
            file = gr.DownloadButton("Download", visible="hidden", elem_id="ph-export-file")
        problem = message_place("ph-export-problem")
        line = gr.HTML("", elem_id="ph-export-line")
    return Exporting(fold, format_, go, file, problem, line)


def wire_exporting(shared: Shared, widgets: Exporting, opened: gr.State) -> None:
    """Connect the button."""
    packed = widgets.go.click(
        partial(export, shared),
        [shared.owner, opened, widgets.format],
        [widgets.problem, widgets.line, widgets.file],
        concurrency_id="measuring",
        show_progress="minimal",
        show_progress_on=widgets.problem,
        api_visibility="private",
    )
    packed.success(None, widgets.file, None, js=SAVE_FILE)


def export(shared: Shared, owner: str, run_id: str, format_: str | None) -> tuple[str, str, str | None]:
    """Export the model of a run: an error message, what the format cannot hold, and the file or None."""
    try:
        run = shared.runs.get(run_id, owner)
        done = export_run(run, format_, shared.settings)
    except MtlError as error:
        return message.problem(error), "", None
    notes = "".join(message.note(note) for note in (f"{name_of(run)} for {format_}:", *done.notes))
    return "", notes, str(done.file)
