"""Step 1 of the Train tab: which tasks, from example data or from files of one's own."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo import drafts
from demo.drafts import Draft, Upload
from demo.settings import Settings
from demo.tabs.shared import Shared, heading, message_place, reporting
from demo.views import message
from demo.views.data import data_summary
from mtl.recipe import TaskKind

_RANGES = {"0 to 1": (0.0, 1.0), "0 to 5": (0.0, 5.0), "1 to 5": (1.0, 5.0), "-1 to 1": (-1.0, 1.0)}
_FORMATS = {
    TaskKind.CLASSIFICATION: "CSV, TSV or JSONL with the columns text and label.",
    TaskKind.TAGGING: "CoNLL (a token and its tag a line, a blank line between sentences), or JSONL.",
    TaskKind.SIMILARITY: "CSV, TSV or JSONL with the columns sentence1, sentence2 and score.",
}
_TICKED = ("topic", "entities")


@dataclass(frozen=True)
class DataStep:
    """What the other steps need: the ticked names, and all tasks that can be ticked."""

    ticked: gr.CheckboxGroup
    drafts: gr.State


def build(shared: Shared) -> DataStep:
    """Lay out the step and wire it."""
    built_in = drafts.built_in()
    names = [draft.name for draft in built_in]
    ticked_at_first = [name for name in _TICKED if name in names]
    heading("1  Data", "Every ticked task gets its own head on the shared encoder.")
    ticked = gr.CheckboxGroup(names, value=ticked_at_first, label="Tasks", elem_id="ph-tasks")
    known = gr.State(built_in)
    summary = gr.HTML(_summary(ticked_at_first, built_in), elem_id="ph-data")
    with gr.Accordion("Add a task from your own files", open=False, elem_classes="ph-fold"):
        with gr.Row():
            name = gr.Textbox(label="Name of the task", placeholder="for example intent", max_length=32, min_width=160)
            kind = gr.Dropdown(list(TaskKind), value=TaskKind.CLASSIFICATION, label="Kind", min_width=160)
            scores = gr.Dropdown(list(_RANGES), value="0 to 1", label="Scores run from", visible=False, min_width=120)
        form = gr.HTML(_limits(TaskKind.CLASSIFICATION, shared.settings))
        with gr.Row():
            train = gr.File(label="Training file", height=120, min_width=220, elem_id="ph-train-file")
            dev = gr.File(label="Dev file, optional", height=120, min_width=220, elem_id="ph-dev-file")
        with gr.Row(elem_classes="ph-action"):
            add = gr.Button("Check and add", size="md")
        problem = message_place("ph-data-problem")

    kind.change(partial(_of_kind, shared.settings), kind, [scores, form], queue=False, api_visibility="private")
    add.click(
        reporting(partial(_add, shared.settings), outputs=5),
        [known, ticked, name, kind, scores, train, dev],
        [problem, known, ticked, name, train, dev],
        concurrency_limit=2,
        show_progress="minimal",
        show_progress_on=problem,
        api_visibility="private",
    )
    ticked.change(_summary, [ticked, known], summary, queue=False, api_visibility="private", show_progress="hidden")
    return DataStep(ticked, known)


def _summary(ticked: list[str], known: tuple[Draft, ...]) -> str:
    chosen = [draft for draft in known if draft.name in ticked]
    return data_summary(chosen) if chosen else message.empty("Tick a task, or add one from your own files.")


def _limits(kind: TaskKind, settings: Settings) -> str:
    limits = f"At most {settings.max_upload_mb:g} MB and {settings.max_rows:,} examples."
    return message.note(f"{_FORMATS[kind]} {limits} Without a dev file every fifth example is held out.")


def _of_kind(settings: Settings, kind: str) -> tuple[gr.Dropdown, str]:
    return gr.Dropdown(visible=kind == TaskKind.SIMILARITY), _limits(TaskKind(kind), settings)


def _add(settings: Settings, known: tuple[Draft, ...], ticked: list[str], *fields: Any) -> tuple[Any, ...]:  # noqa: ANN401
    draft = drafts.add(_upload(*fields), taken=[task.name for task in known], settings=settings)
    names = [*(task.name for task in known), draft.name]
    return (*known, draft), gr.CheckboxGroup(choices=names, value=[*ticked, draft.name]), "", None, None


def _upload(name: str, kind: str, scores: str, train: str | None, dev: str | None) -> Upload:
    return Upload(name, TaskKind(kind), _path(train), _path(dev), _RANGES[scores])


def _path(file: str | None) -> Path | None:
    return Path(file) if file else None
