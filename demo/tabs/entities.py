"""The Entities tab: spans marked in the text, and a table of them with scores."""

from functools import partial

import gradio as gr

from demo import passes
from demo.examples import ENTITY_EXAMPLES
from demo.tabs.shared import ENGINE_SLOTS, Shared, example_buttons, latest, message_place, reporting
from demo.text_input import lines_of
from demo.turns import Turns
from demo.views import message
from demo.views.entities import entity_cards, entity_table
from mtl.recipe import TaskKind

_EMPTY = "Type a text and press Find entities."
_NO_HEAD = "This model has no tagging head. Choose another one in the header, or train one."


def build(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            text = gr.Textbox(
                next(iter(ENTITY_EXAMPLES.values())),
                label="Text, each line on its own",
                lines=6,
                max_lines=16,
                elem_id="ph-entity-text",
            )
            examples = example_buttons(list(ENTITY_EXAMPLES))
            with gr.Row(elem_classes="ph-action"):
                find = gr.Button("Find entities", variant="primary", size="md")
                cost = gr.HTML(message.note(" "))
            problem = message_place()
        with gr.Column(scale=3, min_width=320):
            marked = gr.HTML(message.empty(_EMPTY), min_height=96, elem_id="ph-entities")
            found = gr.HTML("", min_height=200, elem_id="ph-entity-table")

    step = {
        "fn": latest(reporting(partial(_find, shared), outputs=3), outputs=4),
        "inputs": [gr.State(Turns()), shared.picker, shared.owner, text],
        "outputs": [problem, cost, marked, found],
        "trigger_mode": "multiple",
        "concurrency_id": "engine",
        "concurrency_limit": ENGINE_SLOTS,
        "show_progress": "minimal",
        "show_progress_on": cost,
        "api_visibility": "private",
    }
    gr.on([find.click, text.submit, shared.picker.change], **step)
    for button, example in zip(examples, ENTITY_EXAMPLES.values(), strict=True):
        chosen = button.click(partial(str, example), None, text, queue=False, api_visibility="private")
        chosen.then(**step)


def _find(shared: Shared, key: str, owner: str, text: str) -> tuple[str, str, str]:
    passed = passes.run(shared.engines.get(key, owner), lines_of(text, shared.settings))
    cost = message.cost(passed.analyses, passed.seconds)
    if not passes.names_of(passed.tasks, TaskKind.TAGGING):
        return cost, message.empty(_NO_HEAD), ""
    return cost, entity_cards(passed.analyses, passed.colours), entity_table(passed.analyses, passed.colours)
