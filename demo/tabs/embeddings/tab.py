"""The Embeddings tab: maps, similarity, neighbours, selected sentences and export."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.answers.embedded import Embedded
from demo.inputs.endings import text_files
from demo.inputs.examples import sentence_sets
from demo.inputs.text_input import Sentences
from demo.latest_only import LatestOnly
from demo.maps import clusters, colouring
from demo.maps.exporting import ExportFormat, export_embeddings
from demo.maps.projection import Projection
from demo.maps.spaces import NO_COMPARISON, OWN
from demo.tabs import column_choice
from demo.tabs.embeddings import steps
from demo.tabs.panels import Panel, answering, build_panel, panel_class
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, constant, example_buttons, heading, message_place
from demo.views import figures, message
from demo.views.maps import heatmap, scatter
from demo.views.maps.scatter import ScatterMap
from demo.views.maps.selection import NOTHING_SELECTED
from mtl.recipe import Pooling

_FETCH = "() => { setTimeout(() => document.querySelector('#ph-export-file a, #ph-export-file')?.click(), 100) }"


@dataclass(frozen=True)
class Widgets:
    """The components of the tab that events read and write."""

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
    columns: list[gr.Dropdown]


def build_embeddings_tab(shared: Shared) -> None:
    """Build the tab and connect its events."""
    sets = sentence_sets()
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            text = gr.Textbox(
                sets[0].text, label="Sentences, one per line", lines=18, max_lines=18, elem_id="ph-sentences"
            )
            examples = example_buttons([example.title for example in sets])
            with gr.Row(elem_classes="ph-action"):
                embed = gr.Button("Embed", variant="primary", size="md", min_width=120)
                endings = list(text_files(shared.settings))
                upload = gr.UploadButton(
                    "Upload a file", file_types=endings, size="md", min_width=120, elem_id="ph-upload"
                )
            with gr.Row():
                columns = column_choice.build_choices(len(column_choice.TEXT_ROLES), elem_id="ph-column")
            cost = gr.HTML(message.note(" "))
            upload_note = gr.HTML(
                message.note(
                    f"{', '.join(endings)}: one sentence per line, or a column text and optionally label. "
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
                with gr.Column(min_width=300, elem_classes=panel_class("map", "colours")):
                    left = scatter.build_scatter_map(family="embeddings", elem_id="ph-map")
                with gr.Column(
                    min_width=300, visible=False, elem_classes=panel_class("second", "colours")
                ) as second_place:
                    right = scatter.build_scatter_map(family="embeddings", elem_id="ph-map-second")
    moved = gr.HTML("", elem_id="ph-moved", elem_classes=panel_class("second"))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            heading("Similarity", "Cosine of every pair; similar sentences are side by side.")
            heat = gr.Plot(
                figures.placeholder(steps.EMPTY, height=heatmap.HEIGHT),
                show_label=False,
                elem_id="ph-heatmap",
                elem_classes=["ph-figure-box", *panel_class("heat")],
            )
            heat_note = gr.HTML(message.note(" "))
        with gr.Column(scale=1, min_width=320):
            heading(
                "Nearest neighbours",
                "By cosine in the original space, not on the map. Click a point to see its neighbours.",
            )
            nearest = gr.HTML(
                message.empty(steps.EMPTY), elem_id="ph-nearest", elem_classes=panel_class("near", "second")
            )
    heading("Selection", "The points inside the lasso.")
    selection = gr.HTML(message.empty(NOTHING_SELECTED), elem_id="ph-selection", elem_classes=panel_class("sentences"))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            heading(
                "Poolings", "All poolings of the same hidden states. To see one on a map, choose it in Compare with."
            )
            with gr.Row(elem_classes="ph-action"):
                compare = gr.Button("Compare poolings", size="md")
            poolings_problem = message_place()
            poolings = gr.HTML("", elem_id="ph-poolings", elem_classes=panel_class("poolings"))
        with gr.Column(scale=1, min_width=320):
            heading(
                "Export",
                "Embeddings of all sentences, one row for each row of a file. .parquet and .csv also hold its line, "
                "its other columns and the predictions.",
            )
            with gr.Row(elem_classes=["ph-action", *panel_class("sentences")]):
                exports = {form: gr.Button(str(form), size="md") for form in ExportFormat}
                file = gr.DownloadButton("file", visible="hidden", elem_id="ph-export-file")
    widgets = Widgets(
        text, embed, upload, cost, problem, upload_problem, upload_note, method, colour_by, number, pooling,
        compare_with, query, query_problem, comparison_problem, left, right, second_place, heat, heat_note, nearest,
        moved, selection, poolings, poolings_problem, compare, exports, file, columns,
    )  # fmt: skip
    _wire(shared, widgets, list(zip(examples, (example.sentences for example in sets), strict=True)))


@dataclass(frozen=True)
class _States:
    embedded: gr.State
    drawn: gr.State
    other: gr.State
    pointed: gr.State
    selections: gr.State
    """Requests for the table of selected sentences; a new set of sentences drops them."""


@dataclass(frozen=True)
class _Panels:
    sentences: Panel
    map: Panel
    colours: Panel
    second: Panel
    heat: Panel
    near: Panel
    poolings: Panel


def _build_panels(shared: Shared, w: Widgets) -> _Panels:
    sentences = build_panel("sentences", [shared.picker, w.text, w.pooling])
    drawn = build_panel("map", [w.method], after=sentences)
    return _Panels(
        sentences=sentences,
        map=drawn,
        colours=build_panel("colours", [w.colour_by, w.clusters], after=drawn),
        second=build_panel("second", [w.compare_with], after=drawn),
        heat=build_panel("heat", after=sentences),
        near=build_panel("near", None, after=sentences),
        poolings=build_panel("poolings", None, after=sentences),
    )


def _wire(shared: Shared, w: Widgets, examples: list[tuple[gr.Button, Sentences]]) -> None:
    states = _States(gr.State(None), gr.State(None), gr.State(None), gr.State(None), gr.State(LatestOnly()))
    embedded, drawn = states.embedded, states.drawn
    uploaded = gr.State(examples[0][1])
    model: dict[str, Any] = {"trigger_mode": "multiple", "show_progress": "hidden", **ON_ENGINE}
    view: dict[str, Any] = model | {"concurrency_id": "embedding-views"}
    colours = [w.colour_by, w.clusters]
    panels = _build_panels(shared, w)

    compute_step: dict[str, Any] = model | panels.sentences.event(
        partial(steps.compute, shared),
        [
            panels.poolings.requests,
            states.selections,
            shared.picker,
            shared.owner,
            w.text,
            uploaded,
            w.pooling,
            w.colour_by,
        ],
        [embedded, w.cost, w.colour_by, w.compare_with, w.moved, w.selection, panels.poolings.shown, w.poolings],
        problem=w.problem,
    )
    draw_step: dict[str, Any] = (
        view
        | {"show_progress": "minimal", "show_progress_on": w.cost}
        | panels.map.event(steps.draw, [embedded, w.method, *colours], [*w.left.drawing, drawn])
    )
    comparison_step: dict[str, Any] = model | panels.second.event(
        partial(steps.compare_spaces, shared),
        [shared.owner, embedded, drawn, w.compare_with, *colours],
        [w.second_place, *w.right.drawing, states.other, w.moved],
        problem=w.comparison_problem,
    )
    paint_step: dict[str, Any] = view | panels.colours.event(
        steps.paint, [embedded, drawn, *colours], [w.left.paint, w.right.paint, w.clusters]
    )
    heat_step: dict[str, Any] = view | panels.heat.event(steps.heat, [embedded, shared.width], [w.heat, w.heat_note])
    asked = [shared.owner, embedded, drawn, w.query, states.other, states.pointed]
    highlighted = [w.nearest, w.left.highlight, w.right.highlight]
    near_step: dict[str, Any] = model | panels.near.event(
        partial(steps.near_query, shared), asked, [*highlighted, states.pointed], problem=w.query_problem
    )
    again_step: dict[str, Any] = view | panels.near.refresh(steps.near_again, asked, highlighted)

    def draw_maps(trigger: Any) -> None:  # noqa: ANN401
        trigger(**draw_step).then(**comparison_step).then(**paint_step).then(**again_step)

    first = [gr.on([w.embed.click, w.text.submit, shared.picker.change, w.pooling.input], **compute_step)]
    for button, sentences in examples:
        fill = button.click(partial(_example, sentences), None, [w.text, uploaded, w.upload_problem], **QUICK)
        first.append(fill.then(**compute_step))
    read = column_choice.wire_upload(
        shared.settings,
        column_choice.ColumnUpload(w.upload, w.columns, column_choice.TEXT_ROLES, w.upload_problem),
        partial(steps.upload, shared),
        [w.text, uploaded, w.upload_note],
    )
    for event in read:
        first.append(event.success(**panels.sentences.after_edit(compute_step)))
    w.embed.click(None, None, w.upload_problem, js=constant(""))
    for event in first:
        draw_maps(event.then)
        event.then(**heat_step)
        event.then(**near_step)
    draw_maps(w.method.change)
    w.compare_with.input(**comparison_step).then(**paint_step).then(**again_step)
    gr.on([w.colour_by.input, w.clusters.change], **paint_step)
    w.query.submit(**near_step)
    _wire_maps(w, panels.near, states, view)
    w.compare.click(
        **model | {"show_progress": "minimal", "show_progress_on": w.poolings},
        **panels.poolings.event(
            partial(steps.compare_poolings, shared), [shared.owner, embedded], [w.poolings], problem=w.poolings_problem
        ),
    )
    for form, button in w.exports.items():
        button.click(partial(_export, form), embedded, w.file, **view).then(None, js=_FETCH, **QUICK)


def _wire_maps(w: Widgets, near: Panel, states: _States, view: dict[str, Any]) -> None:
    # Gradio finds the event data by the annotation of a plain function.
    def picked(event: gr.EventData, requests: LatestOnly, sent: str, *values: Any) -> Any:  # noqa: ANN401
        _, embedded, other = values
        answer = answering(lambda: steps.picked(embedded, event, other), outputs=len(found))
        return answer(requests, sent)

    def selected(event: gr.EventData, requests: LatestOnly, sentences: Embedded | None) -> Any:  # noqa: ANN401
        answer = answering(lambda: steps.selected(sentences, event), outputs=1)
        _, table = answer(requests, str(event._data.get("number", "")))
        return table

    found = [w.nearest, w.left.highlight, w.right.highlight, states.pointed]
    pick_step = view | near.event(steps.picked, [states.embedded, states.other], found) | {"fn": picked}
    for sentence_map in (w.left, w.right):
        sentence_map.html.pick(**pick_step)
        sentence_map.html.lasso(selected, [states.selections, states.embedded], [w.selection], **view)


def _example(sentences: Sentences) -> tuple[str, Sentences, str]:
    return sentences.shown, sentences, ""


def _export(form: ExportFormat, embedded: Embedded | None) -> Any:  # noqa: ANN401
    return gr.skip() if embedded is None else str(export_embeddings(embedded, form))
