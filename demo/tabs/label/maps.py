"""The map: a lasso around texts, a label for all of them, and what that would change before it is done."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import gradio as gr
from numpy import int32
from numpy.typing import NDArray

from demo.latest_only import LatestOnly
from demo.maps.projection import Projection
from demo.tabs.label.desk import Desk, Work
from demo.tabs.shared import QUICK, latest, message_place, reporting
from demo.views import message
from demo.views.labelling import map as view
from demo.views.labelling.counting import count_of, labelled, pairs
from demo.views.labelling.map import ColourBy
from demo.views.maps import scatter
from demo.views.maps.drawing import placed
from demo.views.maps.scatter import ScatterMap
from mtl.errors import InputError, MtlError
from mtl.labelling import LabellingSession, Preview

_stamps = count(1)
_LABEL, _GROUP = "Label the selection", "Make a group of the selection"


@dataclass(frozen=True, eq=False)
class DrawnTexts:
    """The map that this page shows: its stamp, the project, and the sample of its texts."""

    stamp: int
    project: str
    rows: NDArray[int32]


@dataclass(frozen=True)
class Selection:
    """The numbers of texts in a lasso, and their project."""

    project: str = ""
    rows: tuple[int, ...] = ()

    def of(self, work: Work) -> list[int]:
        """The texts, where their project is the one that is open now."""
        return list(self.rows) if self.project == work.project else []


@dataclass(frozen=True)
class MapPart:
    """The components of the map."""

    method: gr.Radio
    colour_by: gr.Dropdown
    drawing: ScatterMap
    label: gr.Dropdown
    apply: gr.Button
    preview: gr.HTML
    problem: gr.HTML
    drawn: gr.State
    selected: gr.State
    previewed: gr.State
    requests: gr.State

    @property
    def shown(self) -> list[Any]:
        """What follows a change of the selection."""
        return [self.preview, self.apply, self.previewed]


def build_map(desk: Desk) -> MapPart:
    """Build the map and connect its own events."""
    with gr.Row(elem_classes="ph-controls"):
        method = gr.Radio(list(Projection), value=Projection.PCA, label="Projection", elem_id="ph-label-projection")
        colour_by = gr.Dropdown(
            [str(one) for one in ColourBy], value=str(ColourBy.BOTH), label="Colour by", elem_id="ph-label-colour"
        )
    drawing = scatter.build_scatter_map(family="labelling", elem_id="ph-label-map")
    with gr.Row(elem_classes="ph-action"):
        label = gr.Dropdown([], label="Label of the selection", min_width=200, elem_id="ph-label-lasso")
        apply = gr.Button(_LABEL, variant="primary", interactive=False, elem_id="ph-label-apply")
    problem = message_place()
    preview = gr.HTML(message.empty(view.NO_SELECTION), elem_id="ph-label-preview")
    made = MapPart(
        method, colour_by, drawing, label, apply, preview, problem, gr.State(None), gr.State(Selection()), gr.State(""),
        gr.State(LatestOnly()),
    )  # fmt: skip
    _wire(desk, made)
    return made


def drawing_event(desk: Desk, made: MapPart) -> dict[str, Any]:
    """The event that draws the map anew and forgets the selection."""

    def draw(method: str, by: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return _draw(desk.work(*values), method, by)

    return _event(
        made,
        reporting(draw, outputs=8),
        [made.method, made.colour_by, *desk.inputs],
        [made.problem, *made.drawing.drawing, made.drawn, made.selected, *made.shown],
    )


def painting_event(desk: Desk, made: MapPart) -> dict[str, Any]:
    """The event that gives the points their colours of now."""

    def paint(drawn: DrawnTexts | None, by: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        work = desk.work(*values)
        if drawn is None or drawn.project != work.project:
            return (gr.skip(),)
        return (_colours(work, drawn, by),)

    return {
        "fn": reporting(paint, outputs=1),
        "inputs": [made.drawn, made.colour_by, *desk.inputs],
        "outputs": [made.problem, made.drawing.paint],
        **QUICK,
    }


def wire_apply(desk: Desk, made: MapPart) -> Any:  # noqa: ANN401
    """Connect the button that labels the selection; gives its event."""

    def apply(selected: Selection, previewed: str, label: str | None, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        work = desk.work(*values)
        rows, *shown = _apply(work, selected.of(work), label, previewed)
        return Selection(str(work.project), tuple(rows)), *shown

    applied = made.apply.click(
        reporting(apply, outputs=4),
        [made.selected, made.previewed, made.label, *desk.inputs],
        [made.problem, made.selected, *made.shown],
        **QUICK,
    )
    applied.success(**painting_event(desk, made))
    return applied


def _wire(desk: Desk, made: MapPart) -> None:
    # Gradio finds the event data by the annotation of a plain function.
    def lasso(event: gr.EventData, lassos: LatestOnly, *values: Any) -> Any:  # noqa: ANN401
        drawn, label, *given = values
        sent, work = event._data.get("number"), desk.work(*given)
        number = lassos.begin(sent if isinstance(sent, int) else None)

        def previewed() -> tuple[Any, ...]:
            rows = _rows(drawn, event._data, work)
            return Selection(str(work.project), tuple(rows)), *_preview(work, rows, label)

        try:
            found = ("", *previewed())
        except MtlError as error:  # what was selected before is not what the button would answer
            found = (message.problem(error), Selection(), *_nothing())
        return found if lassos.is_latest(number) else tuple(gr.skip() for _ in range(5))

    def preview(selected: Selection, label: str | None, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        work = desk.work(*values)
        return _preview(work, selected.of(work), label)

    # Apart from the requests for drawings, which are numbered by the server and not by the browser.
    lassos = gr.State(LatestOnly())
    made.drawing.html.lasso(
        lasso,
        [lassos, made.drawn, made.label, *desk.inputs],
        [made.problem, made.selected, *made.shown],
        trigger_mode="multiple",
        **QUICK,
    )
    made.label.input(
        reporting(preview, outputs=3), [made.selected, made.label, *desk.inputs], [made.problem, *made.shown], **QUICK
    )
    made.method.input(**drawing_event(desk, made))
    made.colour_by.input(**painting_event(desk, made))


def _event(made: MapPart, fn: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {
        "fn": latest(fn, outputs=len(outputs)),
        "inputs": [made.requests, *inputs],
        "outputs": outputs,
        "trigger_mode": "multiple",
        "show_progress": "minimal",
        "show_progress_on": made.problem,
        "concurrency_id": "embedding-views",
        "api_visibility": "private",
    }


def _draw(work: Work, method: str, by: str) -> tuple[Any, ...]:
    if not work.project:
        return tuple(gr.skip() for _ in range(8))
    session = work.session
    chosen = next((one for one in Projection if one == method), Projection.PCA)
    rows, places = placed(session.vectors(), chosen)
    drawn = DrawnTexts(next(_stamps), work.project, rows)
    return (
        scatter.map_texts(drawn.stamp, session.project.texts, rows),
        scatter.map_points(drawn.stamp, drawn.stamp, places),
        _colours(work, drawn, by),
        drawn,
        Selection(),
        *_nothing(session),
    )


def _colours(work: Work, drawn: DrawnTexts, by: str) -> str:
    session = work.session
    wanted = next((one for one in ColourBy if one == by), ColourBy.BOTH)
    if session.project.of_pairs:
        painted = view.colours_of_groups(session.groups(), len(session.project.texts))
    else:
        painted = view.colours_of(session.project.spec, session.answers(), session.guesses(), wanted)
    return scatter.map_colours(drawn.stamp, painted, drawn.rows)


def _preview(work: Work, rows: list[int], label: str | None) -> tuple[Any, ...]:
    if not work.project:
        return _nothing()
    session = work.session
    if not rows:
        return _nothing(session)
    if not label:
        return message.note(f"{len(rows):,} selected. Choose their label."), gr.Button(interactive=False), ""
    if session.project.of_pairs and len(rows) == 1:
        return message.note("1 text selected. A group has two or more."), _button(session), ""
    found = session.preview(work.annotator, rows, label)
    guesses = dict(zip(found.disagreeing, session.guesses(found.disagreeing), strict=True))
    if session.project.of_pairs:
        shown = view.preview_of_group(found, len(rows), guesses, session.project.texts)
        title = f"Answer {pairs(len(found.answers))} same" if found.answers else _GROUP
        return shown, gr.Button(title, interactive=bool(found.answers)), _fingerprint(found)
    shown = view.preview_of(found, label, guesses, session.project.texts)
    button = gr.Button(f"Label {count_of(len(found.answers))} {label}", interactive=bool(found.answers))
    return shown, button, _fingerprint(found)


def _fingerprint(preview: Preview) -> str:
    """What tells a preview from one after other answers."""
    told = sorted(preview.answers.items()), sorted(preview.changed)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _apply(work: Work, rows: list[int], label: str | None, previewed: str) -> tuple[Any, ...]:
    if not rows or not label:
        raise InputError("Draw a lasso and choose a label first.")
    session = work.session
    found = session.preview(work.annotator, rows, label)
    if _fingerprint(found) != previewed:  # as after answers in another window
        shown, *rest = _preview(work, rows, label)
        return rows, message.note("Answers have changed since. This is what the button would do now:") + shown, *rest
    count = session.accept(work.annotator, found.answers)
    are = "is" if count == 1 else "are"
    said = f"{pairs(count)} {are} answered same." if session.project.of_pairs else labelled(count, label)
    done = message.note(f"{said} Undo on the card takes {'it' if count == 1 else 'them'} back.")
    return [], done, _button(session), ""


def _nothing(session: LabellingSession | None = None) -> tuple[str, gr.Button, str]:
    is_pairs = session is not None and session.project.of_pairs
    return message.empty(view.NO_GROUP if is_pairs else view.NO_SELECTION), _button(session), ""


def _button(session: LabellingSession | None) -> gr.Button:
    """The button while there is nothing that it could do."""
    title = _GROUP if session is not None and session.project.of_pairs else _LABEL
    return gr.Button(title, interactive=False)


def _rows(drawn: DrawnTexts | None, data: dict[str, Any], work: Work) -> list[int]:
    """The numbers of the texts in a lasso, of the map that is shown: the browser is not trusted.

    Raises:
        InputError: the server does not know this map, as after it was started anew, or it is that of another project.
    """
    if not isinstance(data.get("rows"), list) or not data["rows"]:
        return []
    if drawn is None or data.get("stamp") != drawn.stamp or drawn.project != work.project:
        raise InputError("The server no longer knows this map. Choose Card and then Map to draw it again.")
    known = set(drawn.rows.tolist())
    return [row for row in data["rows"] if isinstance(row, int) and not isinstance(row, bool) and row in known]
