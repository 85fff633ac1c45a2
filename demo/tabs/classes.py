"""The Classes tab: one text with its probabilities as bars, or many in a table."""

from functools import partial

import gradio as gr

from demo import passes
from demo.examples import CLASS_EXAMPLES
from demo.tabs.shared import ENGINE_SLOTS, Shared, example_buttons, latest, message_place, reporting
from demo.text_input import lines_of
from demo.turns import Turns
from demo.views import message
from demo.views.classes import bars, class_table
from mtl.recipe import TaskKind

_EMPTY = "Type a text and press Classify."
_NO_HEAD = "This model has no classification head. Choose another one in the header, or train one."


def build(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    first = "\n".join(next(iter(CLASS_EXAMPLES.values())))
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            text = gr.Textbox(first, label="Texts, one a line", lines=6, max_lines=16, elem_id="ph-class-text")
            examples = example_buttons(list(CLASS_EXAMPLES))
            with gr.Row(elem_classes="ph-action"):
                classify = gr.Button("Classify", variant="primary", size="md")
                cost = gr.HTML(message.note(" "))
            problem = message_place()
        with gr.Column(scale=3, min_width=320):
            result = gr.HTML(message.empty(_EMPTY), min_height=320, elem_id="ph-classes")

    step = {
        "fn": latest(reporting(partial(_classify, shared), outputs=2), outputs=3),
        "inputs": [gr.State(Turns()), shared.picker, shared.owner, text],
        "outputs": [problem, cost, result],
        "trigger_mode": "multiple",
        "concurrency_id": "engine",
        "concurrency_limit": ENGINE_SLOTS,
        "show_progress": "minimal",
        "show_progress_on": cost,
        "api_visibility": "private",
    }
    gr.on([classify.click, text.submit, shared.picker.change], **step)
    for button, lines in zip(examples, CLASS_EXAMPLES.values(), strict=True):
        chosen = button.click(partial("\n".join, lines), None, text, queue=False, api_visibility="private")
        chosen.then(**step)


def _classify(shared: Shared, key: str, owner: str, text: str) -> tuple[str, str]:
    passed = passes.run(shared.engines.get(key, owner), lines_of(text, shared.settings))
    cost = message.cost(passed.analyses, passed.seconds)
    if not passes.names_of(passed.tasks, TaskKind.CLASSIFICATION):
        return cost, message.empty(_NO_HEAD)
    if len(passed.analyses) == 1:
        return cost, bars(passed.analyses[0].classes, passed.colours)
    return cost, class_table(passed.analyses, passed.colours)
