"""The Analyze tab: all results for one sentence, from one pass at every keystroke."""

from functools import partial
from typing import Any

import gradio as gr

from demo import links
from demo.answers import passes
from demo.answers.cost import need_typed
from demo.inputs.examples import ANALYZE_EXAMPLES
from demo.inputs.text_input import one_text
from demo.maps.reference_map import ReferenceMaps, reference_map
from demo.tabs.panels import build_panel, panel_class
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, constant, example_buttons, heading, message_place
from demo.views import message
from demo.views.answers.analysis import as_json, cut_warning, spoken
from demo.views.answers.classes import bars
from demo.views.answers.entities import entity_cards, entity_table
from demo.views.answers.numbers import number_strip
from demo.views.answers.words import word_table
from demo.views.maps.neighbours import near_list
from demo.views.maps.place import QueryPoint, place_map
from mtl.recipe import TaskKind

_PANEL = "analyze"
_NEAREST = 6
_SLOTS = 8
"""Sentences that are analysed at once; short ones share a pass of the model."""
_RESULTS = 11
"""What `_analyze` returns."""
_OPENING = "Loading … A model takes longer the first time it runs on this machine."
_EMPTY = "Type a sentence. Classes, entities and neighbours appear as you type."
_NO_CLASSES = "This model has no classification head. Choose another model in the header, or train one."
_NO_ENTITIES = "This model has no tagging head. Choose another model in the header, or train one."
_LIVE = "element.setAttribute('role', 'status')"
_SAYING = """
const live = document.createElement('div'); live.className = 'ph-unseen'; live.setAttribute('role', 'status');
document.body.append(live);
let timer;
watch('value', () => {
  clearTimeout(timer);
  timer = setTimeout(() => { live.textContent = element.textContent.trim(); }, 800);
});
"""
"""Lets a screen reader announce the result after a pause in typing."""
_CHOOSING = """
const tip = document.createElement('div'); tip.className = 'ph-tip'; tip.hidden = true; document.body.append(tip);
element.addEventListener('pointermove', event => {
  const mark = event.target.closest('path[data-text]');
  tip.hidden = !mark;
  if (!mark) return;
  tip.textContent = mark.dataset.text;
  tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 12) + 'px';
  tip.style.top = (event.clientY + 16) + 'px';
});
element.addEventListener('pointerleave', () => { tip.hidden = true; });
element.addEventListener('click', event => {
  const chosen = event.target.closest('[data-text]');
  if (!chosen) return;
  tip.hidden = true;
  trigger('click', {text: chosen.dataset.text});
});
"""
"""Shows the sentence of the mark under the pointer; a click copies it into the text box."""


def build_analyze_tab(shared: Shared) -> None:
    """Build the tab and connect its events."""
    first = next(iter(ANALYZE_EXAMPLES.values()))
    text = gr.Textbox(first, label="Sentence", lines=2, max_lines=8, elem_id="ph-sentence", container=False)
    with gr.Row(elem_id="ph-under-sentence"):
        examples = example_buttons(list(ANALYZE_EXAMPLES))
        cost = gr.HTML(message.note(" "), elem_id="ph-analyze-cost")
    problem = message_place("ph-analyze-problem")
    cut = message_place()
    said = gr.HTML("", js_on_load=_SAYING, elem_id="ph-said")
    results = panel_class(_PANEL)
    with gr.Row(elem_classes=["ph-panes", *results]):
        with gr.Column(scale=2, min_width=320):
            heading("Classes")
            classes = gr.HTML(message.empty(_OPENING), elem_id="ph-analyze-classes")
        with gr.Column(scale=3, min_width=320):
            heading("Entities")
            entities = gr.HTML(message.empty(_OPENING), elem_id="ph-analyze-entities")
    with gr.Row(elem_classes=["ph-panes", *results]):
        with gr.Column(scale=3, min_width=320):
            heading("Position", "Among the example sentences, by PCA. Click a mark to use its sentence.")
            place = gr.HTML(message.empty(_OPENING), js_on_load=_CHOOSING, elem_id="ph-place")
        with gr.Column(scale=2, min_width=320):
            heading("Nearest neighbours", "By cosine in the original space, not on the map.")
            near = gr.HTML(message.empty(_OPENING), js_on_load=_CHOOSING, elem_id="ph-near")
    with gr.Row(elem_classes="ph-action"):
        copy = gr.Button("Copy JSON", size="md")
        link = gr.Button("Copy link", size="md")
        copied = gr.HTML("", js_on_load=_LIVE, elem_id="ph-copied")
    with gr.Accordion("Words, sub-words and tags", open=False, elem_classes="ph-fold"):
        words = gr.HTML("", elem_id="ph-words", elem_classes=results)
    with gr.Accordion("Embedding values", open=False, elem_classes="ph-fold"):
        numbers = gr.HTML("", elem_id="ph-numbers", elem_classes=results)
    json = gr.Textbox(visible=False)

    outputs = [cost, cut, said, classes, entities, place, near, words, numbers, json, copied]
    panel = build_panel(_PANEL, [shared.picker, text])
    handler = partial(_analyze, shared, ReferenceMaps(reference_map))
    step: dict[str, Any] = {
        **panel.event(handler, [shared.picker, shared.owner, text], outputs, problem=problem),
        "show_progress": "hidden",
        **ON_ENGINE,
        "concurrency_id": "analyze",
        "concurrency_limit": _SLOTS,
    }
    # Gradio's `input` event misses pasted and deleted text; `change` does not. During typing, the next pass starts when
    # the last one has returned.
    text.change(trigger_mode="always_last", **step)
    gr.on([text.submit, shared.picker.change], trigger_mode="multiple", **step)
    for button, example in zip(examples, ANALYZE_EXAMPLES.values(), strict=True):
        button.click(None, None, text, js=constant(example))
    for pane in (place, near):
        pane.click(_chosen, None, text, **QUICK)
    copy.click(None, json, copied, js=links.COPY_TEXT)
    link.click(None, None, copied, js=links.COPY_ADDRESS)


def _analyze(shared: Shared, reference_maps: ReferenceMaps, key: str | None, owner: str, text: str) -> tuple[Any, ...]:
    if key is None:  # the page is still loading
        return tuple(gr.skip() for _ in range(_RESULTS))
    if not text.strip():
        nothing = message.empty(_EMPTY)
        return message.note(" "), "", "", nothing, nothing, nothing, nothing, "", "", "", ""
    model = shared.engines.get(key, owner)
    asked = one_text(text, shared.settings)
    need_typed(model, [asked], shared.settings)
    passed = passes.analyze_texts(model, [asked])
    (analysis,), colours = passed.analyses, passed.colours
    around = reference_maps.get(model)
    near = around.near(analysis.embedding, text=analysis.text, count=_NEAREST)
    return (
        message.cost(passed.analyses, passed.seconds),
        cut_warning(analysis),
        spoken(analysis),
        bars(analysis, colours, limits=passes.limits_of(passed.tasks))
        if analysis.classes
        else message.empty(_NO_CLASSES),
        entity_cards([analysis], colours) + entity_table([analysis], colours)
        if passes.names_of(passed.tasks, TaskKind.TAGGING)
        else message.empty(_NO_ENTITIES),
        place_map(around, QueryPoint(analysis.text, analysis.embedding, near)),
        near_list(near, around.texts),
        word_table(analysis, model.subwords(analysis.text), colours),
        number_strip(analysis.embedding),
        as_json(analysis),
        "",
    )


def _chosen(event: gr.EventData) -> str:
    return str(event.text)
