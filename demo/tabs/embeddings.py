"""The Embeddings tab: sentences in; map, similarity heatmap and nearest neighbours out."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo import passes, projection, similarity
from demo.examples import sentence_sets
from demo.passes import Pass
from demo.projection import Projection
from demo.tabs.shared import ENGINE_SLOTS, Shared, example_buttons, heading, latest, message_place, reporting
from demo.text_input import SENTENCE_FILES, Sentences, lines_of, one_text, read_sentences
from demo.turns import Turns
from demo.views import figures, heatmap, message
from demo.views import map as maps
from demo.views.classes import winner
from demo.views.neighbours import neighbour_table
from mtl.recipe import TaskKind

_NO_COLOUR, _GROUP = "one colour", "group"
_NEIGHBOURS = 8
_EMPTY = "Type a few sentences and press Embed."


def build(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    sets = sentence_sets()
    passed: gr.State = gr.State(None)
    uploaded = gr.State(sets[0].sentences)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            text = gr.Textbox(
                sets[0].text, label="Sentences, one a line", lines=18, max_lines=18, elem_id="ph-sentences"
            )
            examples = example_buttons([example.title for example in sets])
            with gr.Row(elem_classes="ph-action"):
                embed = gr.Button("Embed", variant="primary", size="md", min_width=120)
                upload = gr.UploadButton(
                    "Upload .txt or .csv", file_types=list(SENTENCE_FILES), size="md", min_width=120
                )
                cost = gr.HTML(message.note(" "))
            problem, upload_problem = message_place(), message_place()
        with gr.Column(scale=3, min_width=320):
            with gr.Row():
                method = gr.Radio(list(Projection), value=Projection.PCA, label="Projection", min_width=220)
                colour_by = gr.Dropdown([_NO_COLOUR], value=_NO_COLOUR, label="Colour by", min_width=140)
            plot = gr.Plot(
                figures.placeholder(_EMPTY, height=maps.HEIGHT),
                show_label=False,
                elem_id="ph-map",
                elem_classes="ph-figure-box",
            )
            projected = gr.HTML(message.note(" "))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            heading("Similarity", "Cosine of every pair, alike sentences side by side.")
            heat = gr.Plot(
                figures.placeholder(_EMPTY, height=heatmap.HEIGHT),
                show_label=False,
                elem_id="ph-heatmap",
                elem_classes="ph-figure-box",
            )
        with gr.Column(scale=1, min_width=320):
            heading("Nearest", "Cosine in the original space, not on the map.")
            query = gr.Dropdown(
                [], label="A sentence, or a query of your own", allow_custom_value=True, elem_id="ph-query"
            )
            query_problem = message_place()
            nearest = gr.HTML(message.empty(_EMPTY), elem_id="ph-nearest")

    compute = {
        "fn": latest(reporting(partial(_embed, shared), outputs=4), outputs=5),
        "inputs": [gr.State(Turns()), shared.picker, shared.owner, text, uploaded, colour_by],
        "outputs": [problem, passed, cost, colour_by, query],
        "trigger_mode": "multiple",
        "concurrency_id": "engine",
        "concurrency_limit": ENGINE_SLOTS,
        "show_progress_on": cost,
        "show_progress": "minimal",
        "api_visibility": "private",
    }
    draw: dict[str, Any] = {
        "trigger_mode": "multiple",
        "show_progress": "minimal",
        "concurrency_limit": ENGINE_SLOTS,
        "api_visibility": "private",
    }
    map_step = {
        "fn": latest(_map, outputs=2),
        "inputs": [gr.State(Turns()), passed, method, colour_by],
        "outputs": [plot, projected],
        **draw,
    }
    heat_step = {
        "fn": latest(_heatmap, outputs=1),
        "inputs": [gr.State(Turns()), passed, shared.width],
        "outputs": heat,
        **draw,
    }
    near_step = {
        "fn": latest(reporting(partial(_nearest, shared), outputs=1), outputs=2),
        "inputs": [gr.State(Turns()), shared.picker, shared.owner, passed, query],
        "outputs": [query_problem, nearest],
        "concurrency_id": "engine",
        **draw,
    }

    first = [gr.on([embed.click, text.submit, shared.picker.change], **compute)]
    for button, example in zip(examples, sets, strict=True):
        chosen = button.click(
            partial(_example, example.sentences), None, [text, uploaded], queue=False, api_visibility="private"
        )
        first.append(chosen.then(**compute))
    read = upload.upload(
        reporting(partial(_upload, shared), outputs=2),
        upload,
        [upload_problem, text, uploaded],
        api_visibility="private",
    )
    first.append(read.then(**compute))
    embed.click(str, None, upload_problem, queue=False, api_visibility="private")
    for event in first:
        event.then(**map_step)
        event.then(**heat_step)
        event.then(**near_step)
    gr.on([method.change, colour_by.input], **map_step)
    query.input(**near_step)


def _example(sentences: Sentences) -> tuple[str, Sentences]:
    return "\n".join(sentences.texts), sentences


def _upload(shared: Shared, file: str) -> tuple[str, Sentences]:
    sentences = read_sentences(Path(file), shared.settings)
    return _example(sentences)


def _embed(
    shared: Shared, key: str, owner: str, text: str, uploaded: Sentences, colour_by: str
) -> tuple[Pass, str, gr.Dropdown, gr.Dropdown]:
    lines = lines_of(text, shared.settings)
    groups = uploaded.groups if uploaded.texts == lines else None
    passed = passes.run(shared.engines.get(key, owner), lines, groups=groups)
    distinct = list(dict.fromkeys(passed.texts))
    return (
        passed,
        message.cost(passed.analyses, passed.seconds),
        _colour_choices(passed, colour_by),
        gr.Dropdown(choices=[(message.shorten(t, 90), t) for t in distinct], value=distinct[0]),
    )


def _colour_choices(passed: Pass, current: str) -> gr.Dropdown:
    tasks = passes.names_of(passed.tasks, TaskKind.CLASSIFICATION)
    choices = [*([_GROUP] if passed.groups else []), *tasks, _NO_COLOUR]
    kept = current in choices and current != _NO_COLOUR
    return gr.Dropdown(choices=choices, value=current if kept else choices[0])


def _map(passed: Pass | None, method: str, colour_by: str) -> tuple[Any, str]:
    if passed is None:
        return figures.placeholder(_EMPTY, height=maps.HEIGHT), message.note(" ")
    chosen, vectors = Projection(method), passed.vectors
    points = projection.project(vectors, chosen)
    groups = _groups(passed, colour_by)
    colours = None if colour_by == _GROUP else passed.colours
    return maps.sentence_map(points, passed.texts, groups=groups, colours=colours), message.note(
        f"{projection.used(vectors, chosen)}. Point at a mark to read its sentence."
    )


def _groups(passed: Pass, colour_by: str) -> tuple[str, ...] | None:
    if colour_by == _GROUP:
        return passed.groups
    if passed.analyses and colour_by in passed.analyses[0].classes:
        return tuple(winner(analysis.classes[colour_by])[0] for analysis in passed.analyses)
    return None


def _heatmap(passed: Pass | None, width: float) -> Any:  # noqa: ANN401
    if passed is None:
        return figures.placeholder(_EMPTY, height=heatmap.HEIGHT)
    matrix = similarity.cosines(passed.vectors[: heatmap.LIMIT])
    return heatmap.heatmap(matrix, passed.texts, order=similarity.order(matrix), narrow=width < 640)


def _nearest(shared: Shared, key: str, owner: str, passed: Pass | None, query: str | None) -> tuple[str]:
    if passed is None:
        return (message.empty(_EMPTY),)
    asked = one_text(query or "", shared.settings)
    own = [i for i, text in enumerate(passed.texts) if text == asked]
    vector = passed.vectors[own[0]] if own else passes.run(shared.engines.get(key, owner), [asked]).vectors[0]
    found = similarity.nearest(vector, passed.vectors, count=_NEIGHBOURS + len(own[:1]))
    others = [near for near in found if not own or near.index != own[0]]
    if not others:
        return (message.empty("Add a second sentence to see which ones are near."),)
    return (neighbour_table(others[:_NEIGHBOURS], passed.texts),)
