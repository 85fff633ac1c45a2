"""The common part of Classes and Entities: typed or uploaded texts, predictions in chunks, a threshold, one result."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.answers.cost import need_file, need_typed
from demo.answers.embedded import ChunkProgress
from demo.answers.predicted import Gold, Predicted, predict_texts
from demo.inputs.text_input import Sentences, lines_of
from demo.settings import Settings
from demo.tabs import column_choice
from demo.tabs.panels import build_panel
from demo.tabs.shared import ON_ENGINE, QUICK, Handler, Shared, constant, example_buttons, message_place
from demo.views import message

FileReader = Callable[[Path, Settings, Mapping[str, str]], tuple[Sentences, Gold]]
"""Reads a file with chosen columns, by role."""


@dataclass(frozen=True)
class TextUpload:
    """The texts of a file and their gold annotations; the text box shows the first texts."""

    sentences: Sentences
    gold: Gold


NO_FILE = TextUpload(Sentences(()), Gold())


@dataclass(frozen=True)
class Wording:
    """The texts of the input side of a tab."""

    label: str
    button: str
    formats: str
    elem_id: str
    roles: tuple[str, ...] = column_choice.TEXT_ROLES
    """The columns of a file that can be chosen."""


@dataclass(frozen=True)
class Input:
    """The input side of a tab."""

    text: gr.Textbox
    examples: list[gr.Button]
    go: gr.Button
    upload: gr.UploadButton
    threshold: gr.Slider
    cost: gr.HTML
    problem: gr.HTML
    upload_problem: gr.HTML
    note: gr.HTML
    columns: list[gr.Dropdown]
    roles: tuple[str, ...]


def build_input(wording: Wording, *, first: str, titles: list[str], endings: list[str]) -> Input:
    """Build text box, examples, buttons and threshold."""
    text = gr.Textbox(first, label=wording.label, lines=6, max_lines=16, elem_id=wording.elem_id)
    examples = example_buttons(titles)
    with gr.Row(elem_classes="ph-action"):
        go = gr.Button(wording.button, variant="primary", size="md")
        upload = gr.UploadButton(
            "Upload a file", file_types=endings, size="md", min_width=120, elem_id=f"{wording.elem_id}-file"
        )
    with gr.Row():
        columns = column_choice.build_choices(len(wording.roles), elem_id=f"{wording.elem_id}-column")
    cost = gr.HTML(message.note(" "))
    problem, upload_problem = message_place(), message_place()
    threshold = gr.Slider(
        0,
        1,
        value=0,
        step=0.05,
        label="Threshold",
        info="Predictions with a lower probability are marked as unsure or left out.",
    )
    note = gr.HTML(message.note(wording.formats))
    return Input(text, examples, go, upload, threshold, cost, problem, upload_problem, note, columns, wording.roles)


@dataclass(frozen=True)
class Output:
    """The result side of a tab: `show` computes the content of the components from `predicted` and a threshold.

    The components belong to the panel of this name.
    """

    panel: str
    predicted: gr.State
    show: Handler
    widgets: Sequence[Component]
    refresh: Mapping[str, Any]
    """The event after each answer."""


def wire_results(shared: Shared, given: Input, output: Output, *, read: FileReader, examples: Sequence[str]) -> None:
    """Run the model for the button, Enter, a new model, an example or a file, and show the result."""
    upload = gr.State(NO_FILE)
    texts = build_panel(f"{output.panel}-texts", [shared.picker, given.text])
    shown = build_panel(output.panel, [given.threshold], after=texts)
    asked = [shared.picker, shared.owner, given.text, upload]
    step: dict[str, Any] = {
        **texts.event(partial(predict_step, shared), asked, [given.cost, output.predicted], problem=given.problem),
        "trigger_mode": "multiple",
        "show_progress": "hidden",
        **ON_ENGINE,
    }
    given_to_show = [output.predicted, given.threshold]
    show: dict[str, Any] = {
        **shown.event(output.show, given_to_show, output.widgets, problem=given.upload_problem),
        "trigger_mode": "multiple",
        **QUICK,
    }
    events = [gr.on([given.go.click, given.text.submit, shared.picker.change], **step)]
    for button, example in zip(given.examples, examples, strict=True):
        events.append(button.click(None, None, given.text, js=constant(example)).then(**step))
    taken = column_choice.wire_upload(
        shared.settings,
        column_choice.ColumnUpload(given.upload, given.columns, given.roles, given.upload_problem),
        partial(take_file, read, shared),
        [given.text, upload, given.note],
    )
    events += [event.success(**texts.after_edit(step)) for event in taken]
    for event in events:
        event.then(**show).then(**output.refresh)
    given.threshold.change(**show)


def take_file(read: FileReader, shared: Shared, file: str, *columns: str | None) -> tuple[str, TextUpload, str]:
    """The content of the text box, the file, and a note about it."""
    chosen = column_choice.chosen(columns, column_choice.TEXT_ROLES[: len(columns)])
    sentences, gold = read(Path(file), shared.settings, chosen)
    total, shown = len(sentences.texts), min(len(sentences.texts), len(sentences.shown.split("\n")))
    cut = f", the first {shown:,} are in the text box" if shown < total else ""
    right = " with annotations" if gold.labels or gold.label_sets or gold.spans else ""
    line = " · ".join([f"{Path(file).name}: {total:,} texts{right}{cut}", *sentences.notes])
    return sentences.shown, TextUpload(sentences, gold), message.note(line)


@dataclass(frozen=True, eq=False)
class PredictRequest:
    """The model in the header, the visitor, the text box, and the file of which the box may show a part."""

    key: str
    owner: str
    text: str
    upload: TextUpload


def predict_step(shared: Shared, *asked: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Cost and predictions, after each chunk; `asked` has the fields of `PredictRequest`.

    Raises:
        MtlError: there are too many texts, or the model cannot be loaded.
    """
    to = PredictRequest(*asked)
    from_file = bool(to.upload.sentences.texts) and to.text == to.upload.sentences.shown
    sentences = to.upload.sentences if from_file else Sentences(lines_of(to.text, shared.settings))
    gold = to.upload.gold if from_file else Gold()
    state = shared.engines.state(to.key, to.owner)
    model = shared.engines.get(to.key, to.owner)
    (need_file if from_file else need_typed)(model, sentences.texts, shared.settings)
    for found in predict_texts(model, sentences, key=to.key, gold=gold, state=state):
        if isinstance(found, ChunkProgress):
            yield message.progress(found.done, found.total, found.seconds), gr.skip()
        else:
            yield message.cost(found.analyses, found.seconds), found


def stamped(predicted: Predicted, content: str) -> str:
    """HTML whose buttons carry the stamp of their predictions."""
    return f'<div data-stamp="{predicted.stamp}">{content}</div>' if content else ""


def row_of(predicted: Predicted | None, data: Any) -> int | None:  # noqa: ANN401
    """The position of the clicked text, or None if it is no text of these predictions: the browser is not trusted.

    A click on an earlier result has another `stamp`.
    """
    try:
        row, stamp = int(data.get("row")), int(data.get("stamp"))
    except (AttributeError, TypeError, ValueError):
        return None
    return row if predicted is not None and stamp == predicted.stamp and 0 <= row < len(predicted.analyses) else None
