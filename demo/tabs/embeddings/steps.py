"""The steps of the Embeddings tab; each maps its inputs to its outputs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from demo.answers.cost import need_file, need_typed
from demo.answers.embedded import ChunkProgress, Embedded, embed_sentences
from demo.inputs.text_input import Sentences, lines_of, one_text, read_sentences
from demo.maps import colouring, projection, similarity, spaces
from demo.maps.movement import aligned
from demo.maps.projection import Projection
from demo.maps.sampling import sample
from demo.maps.spaces import NO_COMPARISON, OWN, SecondSpace, Source
from demo.tabs import column_choice
from demo.tabs.embeddings.requests import CompareRequest, Drawn, EmbedRequest, Pointed, SearchRequest
from demo.tabs.shared import Shared
from demo.views import figures, message
from demo.views.maps import heatmap, scatter
from demo.views.maps.drawing import placed
from demo.views.maps.moved import moved_table, poolings_table
from demo.views.maps.neighbours import both_sides, nearest_to
from demo.views.maps.scatter import MapPoints
from demo.views.maps.selection import NOTHING_SELECTED, selection_table

EMPTY = "Type a few sentences and press Embed."
CHANGED = "The model has changed since these sentences were embedded. Press Embed to embed them anew."
NEIGHBOURS = 8
_drawings = count(1)


def upload(shared: Shared, file: str, *columns: str | None) -> tuple[str, Sentences, str]:
    """The content of the text box, the sentences of the file, and a note."""
    sentences = read_sentences(Path(file), shared.settings, column_choice.chosen(columns))
    total, shown = len(sentences.texts), len(sentences.shown.split("\n"))
    line = f"{Path(file).name}: {total:,} sentences" + (
        f", the first {shown:,} are in the text box" if shown < total else ""
    )
    return sentences.shown, sentences, message.note(" · ".join([line, *sentences.notes]))


def compute(shared: Shared, *asked: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """The sentences, their cost, the choices that depend on them, and cleared results; `asked` is an `EmbedRequest`.

    Raises:
        MtlError: the text is empty or too long, or the model cannot be loaded, or changes meanwhile.
    """
    to = EmbedRequest(*asked)
    typed = to.text != to.uploaded.shown
    sentences = Sentences(lines_of(to.text, shared.settings)) if typed else to.uploaded
    state = shared.engines.state(to.key, to.owner)
    model = shared.engines.get(to.key, to.owner)
    (need_typed if typed else need_file)(model, sentences.texts, shared.settings)
    for found in embed_sentences(model, sentences, key=to.key, state=state):
        if isinstance(found, ChunkProgress):
            yield gr.skip(), message.progress(found.done, found.total, found.seconds), *_unchanged(6)
            continue
        if to.pooling != OWN:
            source = Source(shared.engines, to.key, to.owner)
            with shared.engines.same_model(found, to.owner, otherwise=CHANGED):
                vectors = spaces.in_pooling(source, found.texts, to.pooling)
            found = replace(found, vectors=vectors, pooling=to.pooling)
        to.poolings.begin()
        to.selections.begin()
        yield (
            found,
            message.cost_of(len(found.texts), found.tokens, found.cut, found.seconds),
            _colour_choices(found, to.colour_by),
            gr.Dropdown(choices=_comparison_choices(shared, to.key, to.owner)),
            "",
            message.empty(NOTHING_SELECTED),
            "",
            "",
        )


def draw(embedded: Embedded | None, method: str, colour_by: str, clusters: float) -> tuple[Any, ...]:
    """The texts, points and colours of the first map, and the drawing."""
    if embedded is None:
        return gr.skip(), gr.skip(), gr.skip(), None
    drawn = _drawn(embedded, Projection(method))
    painted = colouring.colouring(embedded, colour_by, clusters=int(clusters))
    return *_map(embedded, drawn.rows, drawn.places, painted), drawn


def paint(embedded: Embedded | None, drawn: Drawn | None, colour_by: str, clusters: float) -> tuple[Any, Any, Any]:
    """The colours of both maps, and the visibility of the number of clusters."""
    number = gr.Number(visible=colour_by == colouring.CLUSTER)
    if embedded is None or drawn is None:
        return gr.skip(), gr.skip(), number
    painted = colouring.colouring(embedded, colour_by, clusters=int(clusters))
    colours = scatter.map_colours(embedded.stamp, painted, drawn.rows)
    return colours, colours, number


def heat(embedded: Embedded | None, width: float) -> tuple[Any, str]:
    """The heatmap of a sample, and a note about the sample."""
    if embedded is None:
        return figures.placeholder(EMPTY, height=heatmap.HEIGHT), message.note(" ")
    rows = sample(len(embedded.texts), heatmap.LIMIT)
    matrix = similarity.cosine_matrix(embedded.vectors[rows])
    texts = [embedded.texts[row] for row in rows]
    figure = heatmap.heatmap(matrix, texts, order=similarity.order(matrix), narrow=width < 640)
    of = f"{len(rows)} of {len(embedded.texts):,} sentences, a seeded sample" if len(rows) < len(embedded.texts) else ""
    return figure, message.note(of or " ")


def near_query(shared: Shared, *asked: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The neighbours of a query and the map shaded by similarity; without a query, those of the first sentence.

    `asked` has the fields of `SearchRequest`. The last output is the clicked point: None.

    Raises:
        MtlError: the query is too long, or the model has changed since the sentences were embedded.
    """
    to = SearchRequest(*asked)
    embedded = to.embedded
    if embedded is None:
        return message.empty(EMPTY), gr.skip(), gr.skip(), None
    if not (to.query or "").strip():  # a component in a tab that was never opened has no value yet
        return *near_row(embedded, 0, to.other), None
    query = one_text(to.query, shared.settings)
    if query in embedded.texts:
        vector = embedded.vectors[embedded.texts.index(query)]
    else:
        source = Source(shared.engines, embedded.key, to.owner)
        with shared.engines.same_model(embedded, to.owner, otherwise=CHANGED):
            need_typed(shared.engines.get(embedded.key, to.owner), [query], shared.settings)
            vector = spaces.in_pooling(source, [query], embedded.pooling or OWN)[0]
    cosines = embedded.neighbours.cosines(vector)
    found = similarity.nearest_to_query(vector, embedded.neighbours, count=NEIGHBOURS)
    rows = sample(len(embedded.texts), scatter.LIMIT) if to.drawn is None else to.drawn.rows
    brightness = scatter.brightness_of(cosines)[rows]
    highlight = scatter.map_highlight(embedded.stamp, [near.index for near in found], brightness=brightness)
    return nearest_to(query, found, embedded.texts), highlight, highlight, None


def near_again(*asked: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The neighbours of the same sentence again, after the second space has changed.

    `asked` has the fields of `SearchRequest`.
    """
    to = SearchRequest(*asked)
    embedded, pointed = to.embedded, to.pointed
    if embedded is None:
        return _unchanged(3)
    if pointed is not None and pointed.stamp == embedded.stamp:
        return near_row(embedded, pointed.row, to.other)
    return _unchanged(3) if (to.query or "").strip() else near_row(embedded, 0, to.other)


def near_row(embedded: Embedded, row: int, other: SecondSpace | None) -> tuple[Any, Any, Any]:
    """The neighbours of one of the sentences, also in the second space if there is one."""
    found = _others(embedded, row)
    if not found:
        return message.empty("Add a second sentence to see neighbours."), gr.skip(), gr.skip()
    shown = nearest_to(f"{row + 1}  {embedded.texts[row]}", found, embedded.texts)
    here = there = scatter.map_highlight(embedded.stamp, [near.index for near in found], asked=row)
    if other is not None and other.stamp == embedded.stamp:
        across = _others(other, row)
        shown += both_sides(found, across, embedded.texts)
        there = scatter.map_highlight(embedded.stamp, [near.index for near in across], asked=row)
    return shown, here, there


def picked(embedded: Embedded | None, event: gr.EventData, other: SecondSpace | None) -> tuple[Any, ...] | None:
    """The neighbours of the clicked point, and the point; None for a point of an earlier map."""
    rows = _rows(embedded, event, "row")
    if embedded is None or not rows:
        return None
    return *near_row(embedded, rows[0], other), Pointed(embedded.stamp, rows[0])


def selected(embedded: Embedded | None, event: gr.EventData) -> tuple[str]:
    """The table of the points in the lasso."""
    rows = _rows(embedded, event, "rows")
    return (selection_table(embedded, rows) if embedded is not None else "",)


def compare_spaces(shared: Shared, *asked: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """The second map (visibility, texts, points, colours), the second space, and the table of movement.

    `asked` has the fields of `CompareRequest`.

    Raises:
        MtlError: the other model cannot be loaded, there are too many sentences to pool them again, or the first model
            has changed since the sentences were embedded.
    """
    to = CompareRequest(*asked)
    embedded, drawn = to.embedded, to.drawn
    if embedded is None or drawn is None or to.wanted == NO_COMPARISON:
        yield gr.Column(visible=False), gr.skip(), gr.skip(), gr.skip(), None, ""
        return
    yield *_unchanged(5), message.note(f"Comparing {len(embedded.texts):,} sentences …")
    with shared.engines.same_model(embedded, to.owner, otherwise=CHANGED):
        other = spaces.second_space(Source(shared.engines, embedded.key, to.owner), embedded, to.wanted)
    places = _second_points(drawn, other)
    painted = colouring.colouring(embedded, to.colour_by, clusters=int(to.clusters))
    made, moved = _map(embedded, drawn.rows, places, painted), moved_table(other.movement, embedded.texts)
    yield gr.Column(visible=True), *made, other, moved


def _second_points(drawn: Drawn, other: SecondSpace) -> MapPoints:
    """The points of a second space, aligned with those of the first map."""
    reference = drawn.places
    rows = drawn.rows[reference.places]
    if drawn.method is Projection.PCA:
        points = projection.project(other.vectors, drawn.method)[rows]
    else:
        points = projection.project(other.vectors[rows], drawn.method)
    return MapPoints(aligned(points, reference.points), reference.places, other.title, before=reference.points)


def compare_poolings(shared: Shared, owner: str, embedded: Embedded | None) -> tuple[str]:
    """The table of all poolings.

    Raises:
        MtlError: there are too many sentences, or the model has changed since they were embedded.
    """
    if embedded is None:
        return (message.empty(EMPTY),)
    with shared.engines.same_model(embedded, owner, otherwise=CHANGED):
        found = spaces.measured(Source(shared.engines, embedded.key, owner), embedded)
    return (poolings_table(found, labels=embedded.labels is not None),)


def _drawn(embedded: Embedded, method: Projection) -> Drawn:
    rows, places = placed(embedded.vectors, method)
    return Drawn(method, rows, places)


def _map(
    embedded: Embedded, rows: NDArray[np.int32], places: MapPoints, painted: colouring.Colouring
) -> tuple[str, str, str]:
    return (
        scatter.map_texts(embedded.stamp, embedded.texts, rows),
        scatter.map_points(embedded.stamp, next(_drawings), places),
        scatter.map_colours(embedded.stamp, painted, rows),
    )


def _unchanged(outputs: int) -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(outputs))


def _others(space: Embedded | SecondSpace, row: int) -> list[similarity.Neighbour]:
    found = similarity.nearest_to_query(space.vectors[row], space.neighbours, count=NEIGHBOURS + 1)
    return [near for near in found if near.index != row][:NEIGHBOURS]


def _rows(embedded: Embedded | None, event: gr.EventData, name: str) -> list[int]:
    """The positions from a map that are sentences of this set: the browser is not trusted."""
    data = event._data if isinstance(event._data, dict) else {}
    if embedded is None or data.get("stamp") != embedded.stamp:
        return []
    found = data.get(name)
    found = found if isinstance(found, list) else [found]
    total = len(embedded.texts)
    return [row for row in found if isinstance(row, int) and not isinstance(row, bool) and 0 <= row < total]


def _colour_choices(embedded: Embedded, current: str) -> gr.Dropdown:
    offered = colouring.colour_choices(embedded)
    kept = current in offered and current != colouring.ONE_COLOUR
    return gr.Dropdown(choices=offered, value=current if kept else offered[0])


def _comparison_choices(shared: Shared, key: str, owner: str) -> Sequence[tuple[str, str]]:
    return spaces.comparison_choices([(title, other) for title, other in shared.engines.choices(owner) if other != key])
