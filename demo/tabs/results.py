"""What Classes and Entities share: texts typed or uploaded, one pass in chunks, a threshold, one result."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.answers.embedded import ChunkProgress
from demo.answers.predicted import Gold, Predicted, predict_texts
from demo.inputs.text_input import Sentences, lines_of
from demo.latest_only import LatestOnly
from demo.settings import Settings
from demo.tabs.shared import ON_ENGINE, QUICK, Handler, Shared, example_buttons, latest, message_place, reporting
from demo.views import message
from mtl.errors import MtlError

FileReader = Callable[[Path, Settings], tuple[Sentences, Gold]]


@dataclass(frozen=True)
class TextUpload:
    """A file's texts and what it says is right; the text box shows the first ones."""

    sentences: Sentences
    gold: Gold


NO_FILE = TextUpload(Sentences(()), Gold())


@dataclass(frozen=True)
class Wording:
    """What the input side of a tab says."""

    label: str
    button: str
    formats: str
    elem_id: str


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


def build_input(wording: Wording, *, first: str, titles: list[str], endings: list[str]) -> Input:
    """Lay out text box, examples, buttons and threshold."""
    text = gr.Textbox(first, label=wording.label, lines=6, max_lines=16, elem_id=wording.elem_id)
    examples = example_buttons(titles)
    with gr.Row(elem_classes="ph-action"):
        go = gr.Button(wording.button, variant="primary", size="md")
        upload = gr.UploadButton(
            "Upload a file", file_types=endings, size="md", min_width=120, elem_id=f"{wording.elem_id}-file"
        )
    cost = gr.HTML(message.note(" "))
    problem, upload_problem = message_place(), message_place()
    threshold = gr.Slider(
        0, 1, value=0, step=0.05, label="Threshold", info="What is less probable counts as unsure or is left out."
    )
    note = gr.HTML(message.note(wording.formats))
    return Input(text, examples, go, upload, threshold, cost, problem, upload_problem, note)


@dataclass(frozen=True)
class Output:
    """The result side of a tab: `show` makes the widgets' content of `predicted` and a threshold."""

    predicted: gr.State
    show: Handler
    widgets: Sequence[Component]
    refresh: Mapping[str, Any]
    """The event that follows each answer."""


def wire_results(shared: Shared, given: Input, output: Output, *, read: FileReader, examples: Sequence[str]) -> None:
    """Run the model at the button, at Enter, for another model, an example or a file, and show what came."""
    upload = gr.State(NO_FILE)
    step: dict[str, Any] = {
        "fn": partial(predict_step, shared),
        "inputs": [gr.State(LatestOnly()), shared.picker, shared.owner, given.text, upload],
        "outputs": [given.problem, given.cost, output.predicted],
        "trigger_mode": "multiple",
        "show_progress": "hidden",
        **ON_ENGINE,
    }
    count = len(output.widgets)
    show: dict[str, Any] = {
        "fn": latest(reporting(output.show, outputs=count), outputs=count + 1),
        "inputs": [gr.State(LatestOnly()), output.predicted, given.threshold],
        "outputs": [given.upload_problem, *output.widgets],
        "trigger_mode": "multiple",
        **QUICK,
    }
    events = [gr.on([given.go.click, given.text.submit, shared.picker.change], **step)]
    for button, example in zip(given.examples, examples, strict=True):
        events.append(button.click(partial(str, example), None, given.text, **QUICK).then(**step))
    taken = given.upload.upload(
        reporting(partial(take_file, read, shared), outputs=3),
        given.upload,
        [given.upload_problem, given.text, upload, given.note],
        show_progress="hidden",
        api_visibility="private",
    )
    events.append(taken.success(**step))
    for event in events:
        event.then(**show).then(**output.refresh)
    given.threshold.change(**show)


def take_file(read: FileReader, shared: Shared, file: str) -> tuple[str, TextUpload, str]:
    """The text box's content, the file, and a line about it."""
    sentences, gold = read(Path(file), shared.settings)
    total, shown = len(sentences.texts), min(len(sentences.texts), len(sentences.shown.split("\n")))
    cut = f", the first {shown:,} of them in the box" if shown < total else ""
    right = " with the right answers" if gold.labels or gold.spans else ""
    return sentences.shown, TextUpload(sentences, gold), message.note(f"{Path(file).name}: {total:,} texts{right}{cut}")


@dataclass(frozen=True, eq=False)
class PredictRequest:
    """The model in the header and its asker, the box, and the file that it may show a part of."""

    key: str
    owner: str
    text: str
    upload: TextUpload


def predict_step(shared: Shared, requests: LatestOnly, *asked: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """Error, cost and predictions; gives way to a newer question at each chunk.

    `asked` has the fields of `PredictRequest`.
    """
    number, to = requests.begin(), PredictRequest(*asked)
    try:
        mine = bool(to.upload.sentences.texts) and to.text == to.upload.sentences.shown
        sentences = to.upload.sentences if mine else Sentences(lines_of(to.text, shared.settings))
        gold = to.upload.gold if mine else Gold()
        for found in predict_texts(shared.engines.get(to.key, to.owner), sentences, key=to.key, gold=gold):
            if not requests.is_latest(number):
                # Gradio sends what was yielded last once more at the end.
                yield gr.skip(), gr.skip(), gr.skip()
                return
            if isinstance(found, ChunkProgress):
                yield "", message.progress(found.done, found.total, found.seconds), gr.skip()
            else:
                yield "", message.cost(found.analyses, found.seconds), found
    except MtlError as error:
        if requests.is_latest(number):
            yield message.problem(str(error)), gr.skip(), gr.skip()


def row_of(predicted: Predicted | None, data: Any) -> int | None:  # noqa: ANN401
    """The position that a click named, if there is such a text: the browser may send anything."""
    try:
        row = int(data.get("row"))
    except (AttributeError, TypeError, ValueError):
        return None
    return row if predicted is not None and 0 <= row < len(predicted.analyses) else None
