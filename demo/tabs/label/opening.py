"""Opening a project: its texts are embedded once, with progress on the page."""

import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import gradio as gr

from demo.labelling import Opening
from demo.latest_only import LatestOnly, number_of
from demo.tabs.label import handover
from demo.tabs.label.cards import fresh_card
from demo.tabs.label.desk import Desk, Work
from demo.tabs.label.figures import no_figures
from demo.tabs.label.queue import ALL
from demo.views import message
from demo.views.labelling.workbench import title_of
from mtl.errors import MtlError
from mtl.labelling import SAME, LabellingSession, Order, ProjectKind

TEXT_ORDERS = {
    Order.MIX: "a mix (recommended)",
    Order.UNSURE: "where the model hesitates",
    Order.DIVERSE: "unlike those labelled",
    Order.DENSE: "like many others",
    Order.RANDOM: "by chance",
}
PAIR_ORDERS = {
    Order.MIX: "a mix (recommended)",
    Order.UNSURE: "close to the threshold",
    Order.NEAR: "the nearest first",
    Order.RANDOM: "by chance",
}
"""With their titles."""
CARD, TABLE, MAP = "Card", "Table", "Map"
OUTPUTS = 16
"""The number of values that `opened` gives after the message and the progress."""
_POLL = 0.25  # seconds


def opening(work: Work, folder: Path) -> Iterator[Opening]:
    """What is told while a project opens, until it is open.

    Raises:
        MtlError: it cannot be opened.
    """
    found = work.desk.opened.begin(folder, work.model)
    while not wait([found.future], timeout=_POLL).done:
        yield found
    found.future.result()


class Openings(LatestOnly):
    """The openings that one visitor asked for; only the latest one is shown."""

    pending: int = 0

    def newest(
        self, number: object, measured: LatestOnly, found: Iterator[tuple[Any, ...]]
    ) -> Iterator[tuple[Any, ...]]:
        """What an opening shows, until another one is asked for, or the list.

        Args:
            number: the place of the request in the order of all that the browser sent.
            measured: the requests for figures; those of the project of before are dropped.
            found: what it shows.
        """
        mine = self.begin(number_of(number))
        self.pending += 1
        try:
            for values in found:
                if not self.is_latest(mine):
                    break
                measured.begin()
                yield values
        finally:
            self.pending -= 1
        yield nothing()  # Gradio sends the last values of a generator once more


def nothing() -> tuple[Any, ...]:
    """Values that change nothing, for an event that could open a project."""
    return tuple(gr.skip() for _ in range(2 + OUTPUTS))


def has_model(work: Work) -> bool:
    """Whether the project is open with the model of the header; also where one of both is not to be had."""
    try:
        return work.desk.opened.uses(work.folder, work.model)
    except MtlError:
        return True


def opened(work: Work, form: str | None) -> tuple[Any, ...]:
    """The components of an open project.

    They are: the project, title, card, way of labelling, the labels of the table and of the map, the labels that can be
    changed, file formats, what `parts_of` gives, and figures that are still to be measured.
    """
    session = work.session
    return (
        work.project,
        title_of(session.project),
        fresh_card(work),
        *choices_of(session),
        handover.formats_of(session.project.spec.kind, form),
        *parts_of(session, work.order),
        *no_figures(),
    )


def choices_of(session: LabellingSession) -> tuple[Any, ...]:
    """The choices that depend on the labels: ways of labelling, labels of the table, of the map, and to change."""
    is_spans = session.project.spec.kind is ProjectKind.SPANS
    ways = [CARD, TABLE] if is_spans else [CARD, TABLE, MAP]
    return gr.Radio(choices=ways, value=CARD), *labels_of(session)


def labels_of(session: LabellingSession) -> tuple[Any, ...]:
    """The labels to choose from: of the table, of the map, and to change."""
    names, is_pairs = list(session.project.spec.names), session.project.of_pairs
    return (
        gr.Dropdown(choices=[ALL, *names], value=ALL),
        gr.Dropdown(choices=[SAME], value=SAME, visible=False)
        if is_pairs
        else gr.Dropdown(choices=names, value=None, visible=True),
        gr.Dropdown(choices=names, value=None),
    )


def parts_of(session: LabellingSession, order: Order) -> tuple[Any, ...]:
    """What depends on the kind: the orders, and whether colours, labels to change and a checkpoint are offered."""
    is_pairs = session.project.of_pairs
    orders = PAIR_ORDERS if is_pairs else TEXT_ORDERS
    kept = order if order in orders else Order.MIX
    return (
        gr.Dropdown(choices=[(title, str(one)) for one, title in orders.items()], value=str(kept)),
        gr.Dropdown(visible=not is_pairs),
        gr.Accordion(visible=not is_pairs),
        gr.Button(visible=not is_pairs),
    )


def steps(work: Work, form: str | None) -> Iterator[tuple[Any, ...]]:
    """Message, progress and outputs of an event that opens a project."""
    unchanged = tuple(gr.skip() for _ in range(OUTPUTS))
    try:
        for found in opening(work, work.folder):
            yield "", bar(found), *unchanged
        yield "", "", *opened(work, form)
    except MtlError as error:
        yield message.problem(error), "", *unchanged


def bar(found: Opening) -> str:
    """How far the texts are."""
    if not found.total:
        return message.note("Reading the texts …")
    return message.progress(found.done, found.total, time.perf_counter() - found.started)


def desk_work(desk: Desk, project: str, *values: Any) -> Work:  # noqa: ANN401
    """What a handler works on where the project is not in its field yet."""
    owner, key, _, *rest = values
    return desk.work(owner, key, project, *rest)
