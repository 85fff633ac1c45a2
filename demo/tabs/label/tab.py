"""The Label tab: a form and a list of projects, or the project that is open."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo import links
from demo.labelling import OpenProjects, Projects
from demo.labelling.examples import example_projects
from demo.latest_only import LatestOnly, number_of
from demo.tabs.label import cards, figures, handover, maps, naming, queue, start
from demo.tabs.label.desk import Desk
from demo.tabs.label.figures import Figures
from demo.tabs.label.handover import HandOver
from demo.tabs.label.maps import MapPart
from demo.tabs.label.naming import Naming
from demo.tabs.label.opening import CARD, MAP, TABLE, TEXT_ORDERS, Openings, desk_work, has_model, nothing, steps
from demo.tabs.label.queue import Queue
from demo.tabs.label.start import StartForm
from demo.tabs.panels import NUMBERED
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, message_place, reporting
from demo.tabs.train import TrainTab
from demo.views import message
from demo.views.labelling.card import build_card
from mtl.errors import MtlError
from mtl.labelling import Order

# Gradio stores no empty text in the browser.
_KEEP_NAME = "(name) => `=${name ?? ''}`"
_KEPT_NAME = "(kept) => (kept || '=').slice(1)"
_Shown = Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class LabelTab:
    """What the page connects to the Train tab."""

    desk: Desk
    hand_over: HandOver


@dataclass(frozen=True)
class _Parts:
    start: StartForm
    problem: gr.HTML
    progress: gr.HTML
    title: gr.HTML
    back: gr.Button
    way: gr.Radio
    places: list[gr.Column]
    card: gr.HTML
    queue: Queue
    map: MapPart
    figures: Figures
    naming: Naming
    hand_over: HandOver

    @property
    def choices(self) -> list[Any]:
        """The components that depend on the labels, in the order of `choices_of`."""
        return [self.way, self.queue.label, self.map.label, self.naming.label]

    def of_kind(self, order: gr.Dropdown) -> list[Any]:
        """The components that depend on the kind, in the order of `parts_of`."""
        return [order, self.map.colour_by, self.naming.place, self.hand_over.save]


def build_label_tab(shared: Shared, tab: gr.Tab, name: gr.BrowserState) -> LabelTab:
    """Build the tab and connect its events.

    Args:
        shared: the services of the page.
        tab: the tab to fill.
        name: the name of who labels, as this browser remembers it.
    """
    settings = shared.settings
    # Here and not in a hidden column: the fields of the desk are inputs of every event.
    project = gr.Textbox("", visible=False)
    problem = message_place("ph-label-problem")
    progress = gr.HTML("", elem_id="ph-label-opening", elem_classes="ph-message")
    # Which of both places is seen follows from the title (label.css): Gradio may lose that a column is made visible
    # while the columns in it are still being built.
    with gr.Column(elem_id="ph-label-work"):
        with gr.Row(elem_classes="ph-action"):
            title = gr.HTML("", elem_id="ph-label-title")
            back = gr.Button("All projects", size="sm", elem_id="ph-label-back")
        with gr.Row(elem_classes="ph-controls"):
            way = gr.Radio([CARD, TABLE, MAP], value=CARD, label="Label on", min_width=220, elem_id="ph-label-way")
            order = gr.Dropdown(
                [(title, str(order)) for order, title in TEXT_ORDERS.items()],
                value=str(Order.MIX),
                label="Next card",
                min_width=200,
                elem_id="ph-label-order",
            )
            annotator = gr.Textbox(
                "", label="Your name", placeholder="me", max_length=40, max_lines=1, min_width=140,
                elem_id="ph-label-annotator",
            )  # fmt: skip
        desk = Desk(shared, Projects(settings), OpenProjects(settings.open_label_projects), project, annotator, order)
        with gr.Row():
            with gr.Column(scale=3, min_width=320):
                with gr.Column() as card_place:
                    card = build_card(elem_id="ph-label-card")
                with gr.Column(visible=False) as table_place:
                    table = queue.build_queue(desk)
                with gr.Column(visible=False) as map_place:
                    drawn = maps.build_map(desk)
            with gr.Column(scale=2, min_width=300):
                panel = figures.build_figures()
        changing = naming.build_naming()
        hand_over = handover.build_hand_over(desk)
    with gr.Column(elem_id="ph-label-begin"):
        form = start.build_start(desk)
    parts = _Parts(
        form, problem, progress, title, back, way, [card_place, table_place, map_place], card,
        table, drawn, panel, changing, hand_over,
    )  # fmt: skip
    start.wire_list(desk, form, tab, problem)
    cards.wire_card(desk, card)
    renamed = naming.wire_naming(desk, changing, card, parts.choices[1:])
    tab.select(None, name, annotator, js=_KEPT_NAME)
    _wire_opening(desk, parts)
    _wire_work(desk, parts)
    for event in renamed:
        event.success(**_only(TABLE, way, queue.shown(desk, table))).success(
            **_only(MAP, way, maps.painting_event(desk, drawn))
        )
    gr.on([annotator.input, annotator.blur], None, annotator, name, js=_KEEP_NAME, trigger_mode="always_last")
    return LabelTab(desk, hand_over)


def wire_hand_over(tab: LabelTab, training: TrainTab | None) -> None:
    """Connect the Train tab, which is built later."""
    handover.wire_train(tab.desk, tab.hand_over, training)


def _wire_opening(desk: Desk, parts: _Parts) -> None:
    form = parts.start
    first = [parts.problem, parts.progress]
    outputs = [
        *first, desk.project, parts.title, parts.card, *parts.choices,
        parts.hand_over.form, *parts.of_kind(desk.order), *parts.figures.outputs,
    ]  # fmt: skip
    requests = [gr.Number(0, visible=False), gr.State(Openings()), parts.figures.requests]
    slow: dict[str, Any] = {"outputs": outputs, "show_progress": "hidden", "js": NUMBERED, **ON_ENGINE}

    def begin(number: object, openings: Openings, measured: LatestOnly, chosen: str, *values: Any) -> _Shown:  # noqa: ANN401
        fields, rest = values[: len(form.fields)], values[len(form.fields) :]
        try:
            project = start.new_project(desk.work(*rest), *fields)
        except MtlError as error:
            yield message.problem(error), *nothing()[1:]
            yield nothing()
            return
        yield from openings.newest(number, measured, steps(desk_work(desk, project, *rest), chosen))

    # Gradio finds the event data by the annotation of a plain function.
    def again(event: gr.EventData, number: object, openings: Openings, *values: Any) -> _Shown:  # noqa: ANN401
        measured, chosen, *rest = values
        if event._data.get("once") and openings.pending:  # the list of a new page asks until it is answered
            yield nothing()
            return
        work = desk_work(desk, str(event._data.get("project")), *rest)
        yield from openings.newest(number, measured, steps(work, chosen))

    def other_model(number: object, openings: Openings, *values: Any) -> _Shown:  # noqa: ANN401
        measured, chosen, *rest = values
        work = desk.work(*rest)
        if not work.project or has_model(work):  # the header also says which model it has when the page opens
            yield nothing()
            return
        yield from openings.newest(number, measured, steps(work, chosen))

    def left(number: object, openings: Openings, measured: LatestOnly, owner: str) -> tuple[Any, ...]:
        openings.begin(number_of(number))
        measured.begin()
        return "", "", "", "", "", start.listed(desk, owner)

    given = [*requests, parts.hand_over.form, *form.fields, *desk.inputs]
    starting: dict[str, Any] = {"fn": begin, "inputs": given, **slow}
    address: dict[str, Any] = {"fn": None, "inputs": desk.project, "outputs": None, "js": links.remember("project")}
    # The tab may have been opened before the page began to write its address.
    opening = [form.start.click(**starting)]
    for button, example in zip(form.examples, example_projects(), strict=True):
        fill = button.click(partial(start.example_values, example), None, form.fields, **QUICK)
        opening.append(fill.then(**starting))
    known = [*requests, parts.hand_over.form, *desk.inputs]
    opening.append(form.projects.open(again, known, trigger_mode="multiple", **slow))
    for event in opening:
        event.then(**address).then(None, None, None, js=links.remember_tab("label"))
    desk.shared.picker.change(other_model, known, **slow)
    shown = [*first, desk.project, parts.title, parts.card, form.projects]
    parts.back.click(left, [*requests, desk.shared.owner], shown, js=NUMBERED, **QUICK).then(**address)


def _wire_work(desk: Desk, parts: _Parts) -> None:
    refresh = figures.refreshing(desk, parts.figures)
    parts.card.idle(**refresh)
    fresh: dict[str, Any] = {"fn": cards.fresh_of(desk), "inputs": desk.inputs, "outputs": parts.card, **QUICK}

    # Gradio finds the event data by the annotation of a plain function.
    def open_text(event: gr.EventData, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return cards.opened_card(desk.work(*values), event._data.get("text")), CARD

    parts.figures.details.open(
        reporting(open_text, outputs=2), desk.inputs, [parts.problem, parts.card, parts.way], **QUICK
    )
    places = parts.way.change(_places, parts.way, parts.places, **QUICK)
    for way, event in (
        (CARD, fresh),
        (TABLE, queue.shown(desk, parts.queue)),
        (MAP, maps.drawing_event(desk, parts.map)),
    ):
        (parts.way.input if way == CARD else places.then)(**_only(way, parts.way, event))
    parts.way.input(**refresh)  # the card asks when the hand rests, but not where it is no longer shown
    parts.queue.accepted.then(**refresh)
    maps.wire_apply(desk, parts.map).then(**refresh)


def _only(way: str, chosen: gr.Radio, event: dict[str, Any]) -> dict[str, Any]:
    """An event that changes nothing unless this way of labelling is chosen."""
    fn, inputs, outputs = event["fn"], event["inputs"], event["outputs"]

    def only(now: str, *values: Any) -> Any:  # noqa: ANN401
        if now == way:
            return fn(*values)
        return tuple(gr.skip() for _ in outputs) if isinstance(outputs, list) else gr.skip()

    return {**event, "fn": only, "inputs": [chosen, *inputs]}


def _places(way: str) -> tuple[gr.Column, ...]:
    return tuple(gr.Column(visible=way == one) for one in (CARD, TABLE, MAP))
