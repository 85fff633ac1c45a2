"""The Embeddings tab: sentences in; maps, similarity, neighbours, chosen sentences and files out."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.answers.embedded import Embedded
from demo.inputs.examples import sentence_sets
from demo.inputs.text_input import Sentences, sentence_files
from demo.latest_only import LatestOnly
from demo.maps import clusters, colouring
from demo.maps.exporting import ExportFormat, export_embeddings
from demo.maps.projection import Projection
from demo.maps.spaces import NO_COMPARISON, OWN, SecondSpace
from demo.tabs.embeddings import steps
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, example_buttons, heading, latest, message_place, reporting
from demo.views import figures, message
from demo.views.maps import heatmap, scatter
from demo.views.maps.scatter import ScatterMap
from demo.views.maps.selection import NOTHING_SELECTED
from mtl.recipe import Pooling

_FETCH = "() => { setTimeout(() => document.querySelector('#ph-export-file a, #ph-export-file')?.click(), 100) }"


@dataclass(frozen=True)
class Widgets:
    """The widgets of the tab that events read and write."""

    text: gr.Textbox
    embed: gr.Button
    upload: gr.UploadButton
    cost: gr.HTML
    problem: gr.HTML
    upload_problem: gr.HTML
    upload_note: gr.HTML
    method: gr.Radio
    colour_by: gr.Dropdown
    clusters: gr.Number
    pooling: gr.Dropdown
    compare_with: gr.Dropdown
    query: gr.Textbox
    query_problem: gr.HTML
    comparison_problem: gr.HTML
    left: ScatterMap
    right: ScatterMap
    second_place: gr.Column
    heat: gr.Plot
    heat_note: gr.HTML
    nearest: gr.HTML
    moved: gr.HTML
    selection: gr.HTML
    poolings: gr.HTML
    poolings_problem: gr.HTML
    compare: gr.Button
    exports: dict[ExportFormat, gr.Button]
    file: gr.DownloadButton


def build_embeddings_tab(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    sets = sentence_sets()
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(
                sets[0].text, label="Sentences, one a line", lines=18, max_lines=18, elem_id="ph-sentences"
            )
            examples = example_buttons([example.title for example in sets])
            with gr.Row(elem_classes="ph-action"):
                embed = gr.Button("Embed", variant="primary", size="md", min_width=120)
                endings = list(sentence_files(shared.settings))
                upload = gr.UploadButton(
                    "Upload a file", file_types=endings, size="md", min_width=120, elem_id="ph-upload"
                )
            cost = gr.HTML(message.note(" "))
            upload_note = gr.HTML(
                message.note(
                    f"{', '.join(endings)}: one sentence a line, or a column text and, if there is one, label. "
                    f"Up to {shared.settings.max_file_sentences:,} sentences."
                )
            )
            problem, upload_problem = message_place(), message_place()
        with gr.Column(scale=5, min_width=320):
            with gr.Row(elem_classes="ph-controls"):
                method = gr.Radio(
                    list(Projection), value=Projection.PCA, label="Projection", min_width=250, elem_id="ph-projection"
                )
                colour_by = gr.Dropdown(
                    [colouring.ONE_COLOUR], value=colouring.ONE_COLOUR, label="Colour by", min_width=120
                )
                number = gr.Number(
                    clusters.USUAL,
                    minimum=clusters.FEWEST,
                    maximum=clusters.MOST,
                    precision=0,
                    label="Clusters",
                    visible=False,
                    min_width=80,
                )
                pooling = gr.Dropdown([OWN, *Pooling], value=OWN, label="Pooling", min_width=120)
                compare_with = gr.Dropdown(
                    [NO_COMPARISON], value=NO_COMPARISON, label="Compare with", min_width=140, elem_id="ph-compare-with"
                )
            query = gr.Textbox(
                label="Search",
                placeholder="Type a query and press Enter",
                max_lines=1,
                elem_id="ph-query",
            )
            query_problem, comparison_problem = message_place(), message_place()
            with gr.Row():
                with gr.Column(min_width=300):
                    left = scatter.build_scatter_map(family="embeddings", elem_id="ph-map")
                with gr.Column(min_width=300, visible=False) as second_place:
                    right = scatter.build_scatter_map(family="embeddings", elem_id="ph-map-second")
    moved = gr.HTML("", elem_id="ph-moved")
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            heading("Similarity", "Cosine of every pair, alike sentences side by side.")
            heat = gr.Plot(
                figures.placeholder(steps.EMPTY, height=heatmap.HEIGHT),
                show_label=False,
                elem_id="ph-heatmap",
                elem_classes="ph-figure-box",
            )
            heat_note = gr.HTML(message.note(" "))
        with gr.Column(scale=1, min_width=320):
            heading("Nearest", "Cosine in the original space, not on the map. Click a point to ask for its neighbours.")
            nearest = gr.HTML(message.empty(steps.EMPTY), elem_id="ph-nearest")
    heading("Selection", "The points inside the lasso.")
    selection = gr.HTML(message.empty(NOTHING_SELECTED), elem_id="ph-selection")
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            heading("Six poolings", "The same pass, pooled in six ways; put one beside the map to see it.")
            with gr.Row(elem_classes="ph-action"):
                compare = gr.Button("Compare poolings", size="md")
            poolings_problem = message_place()
            poolings = gr.HTML("", elem_id="ph-poolings")
        with gr.Column(scale=1, min_width=320):
            heading("Export", "Embeddings of all sentences; .parquet and .csv also hold sentences and predictions.")
            with gr.Row(elem_classes="ph-action"):
                exports = {form: gr.Button(str(form), size="md") for form in ExportFormat}
                file = gr.DownloadButton("file", visible="hidden", elem_id="ph-export-file")
    widgets = Widgets(
        text, embed, upload, cost, problem, upload_problem, upload_note, method, colour_by, number, pooling,
        compare_with, query, query_problem, comparison_problem, left, right, second_place, heat, heat_note, nearest,
        moved, selection, poolings, poolings_problem, compare, exports, file,
    )  # fmt: skip
    _wire(shared, widgets, list(zip(examples, (example.sentences for example in sets), strict=True)))


def _wire(shared: Shared, w: Widgets, examples: list[tuple[gr.Button, Sentences]]) -> None:
    embedded, drawn, other = gr.State(None), gr.State(None), gr.State(None)
    uploaded = gr.State(examples[0][1])
    model: dict[str, Any] = {"trigger_mode": "multiple", "show_progress": "hidden", **ON_ENGINE}
    view: dict[str, Any] = model | {"concurrency_id": "embedding-views"}
    asked = [shared.picker, shared.owner]
    colours = [w.colour_by, w.clusters]

    compute_step: dict[str, Any] = {
        "fn": partial(steps.compute, shared),
        "inputs": [gr.State(LatestOnly()), *asked, w.text, uploaded, w.pooling, w.colour_by],
        "outputs": [w.problem, embedded, w.cost, w.colour_by, w.compare_with, w.moved, w.selection, w.poolings],
        **model,
    }
    draw_step: dict[str, Any] = {
        "fn": latest(steps.draw, outputs=4),
        "inputs": [gr.State(LatestOnly()), embedded, w.method, *colours],
        "outputs": [*w.left.drawing, drawn],
        **view | {"show_progress": "minimal", "show_progress_on": w.cost},
    }
    comparison_step: dict[str, Any] = {
        "fn": partial(steps.compare_spaces, shared),
        "inputs": [gr.State(LatestOnly()), *asked, embedded, drawn, w.compare_with, *colours, w.method],
        "outputs": [w.comparison_problem, w.second_place, *w.right.drawing, other, w.moved],
        **model,
    }
    paint_step: dict[str, Any] = {
        "fn": latest(steps.paint, outputs=3),
        "inputs": [gr.State(LatestOnly()), embedded, drawn, *colours],
        "outputs": [w.left.paint, w.right.paint, w.clusters],
        **view,
    }
    heat_step: dict[str, Any] = {
        "fn": latest(steps.heat, outputs=2),
        "inputs": [gr.State(LatestOnly()), embedded, shared.width],
        "outputs": [w.heat, w.heat_note],
        **view,
    }
    near = gr.State(LatestOnly())
    near_step: dict[str, Any] = {
        "fn": latest(reporting(partial(steps.near_query, shared), outputs=3), outputs=4),
        "inputs": [near, *asked, embedded, drawn, w.query, w.pooling, other],
        "outputs": [w.query_problem, w.nearest, w.left.highlight, w.right.highlight],
        **model,
    }

    first = [gr.on([w.embed.click, w.text.submit, shared.picker.change, w.pooling.input], **compute_step)]
    for button, sentences in examples:
        fill = button.click(partial(_example, sentences), None, [w.text, uploaded, w.upload_problem], **QUICK)
        first.append(fill.then(**compute_step))
    read = w.upload.upload(
        reporting(partial(steps.upload, shared), outputs=3),
        w.upload,
        [w.upload_problem, w.text, uploaded, w.upload_note],
        show_progress="hidden",
        api_visibility="private",
    )
    first.append(read.then(**compute_step))
    w.embed.click(str, None, w.upload_problem, **QUICK)
    for event in first:
        event.then(**draw_step).then(**comparison_step)
        event.then(**heat_step)
        event.then(**near_step)
    w.method.change(**draw_step).then(**comparison_step)
    w.compare_with.input(**comparison_step)
    gr.on([w.colour_by.input, w.clusters.change], **paint_step)
    w.query.submit(**near_step)
    _wire_maps(w, near, embedded, other, view)
    w.compare.click(
        reporting(partial(steps.compare_poolings, shared), outputs=1),
        [*asked, embedded],
        [w.poolings_problem, w.poolings],
        **model | {"show_progress": "minimal", "show_progress_on": w.poolings},
    )
    for form, button in w.exports.items():
        button.click(partial(_export, form), embedded, w.file, **view).then(None, js=_FETCH, **QUICK)


def _wire_maps(w: Widgets, near: gr.State, embedded: gr.State, other: gr.State, view: dict[str, Any]) -> None:
    # Gradio finds the event by the annotation of a plain function, so these two stand here.
    def picked(
        requests: LatestOnly, sentences: Embedded | None, second: SecondSpace | None, event: gr.EventData
    ) -> tuple[Any, ...]:
        requests.begin()
        return steps.picked(sentences, event, second)

    def selected(sentences: Embedded | None, event: gr.EventData) -> tuple[str]:
        return steps.selected(sentences, event)

    for sentence_map in (w.left, w.right):
        sentence_map.html.pick(
            picked, [near, embedded, other], [w.nearest, w.left.highlight, w.right.highlight], **view
        )
        sentence_map.html.lasso(selected, embedded, [w.selection], **view)


def _example(sentences: Sentences) -> tuple[str, Sentences, str]:
    return sentences.shown, sentences, ""


def _export(form: ExportFormat, embedded: Embedded | None) -> Any:  # noqa: ANN401
    return gr.skip() if embedded is None else str(export_embeddings(embedded, form))
