"""The table: unlabelled texts for one label, the surest first, accepted a page at a time."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.tabs.label.desk import OTHER_PROJECT, Desk, Work
from demo.tabs.shared import QUICK, message_place, reporting
from demo.views import message
from demo.views.labelling import queue as view
from demo.views.labelling.counting import count_of, labelled, pairs
from mtl.errors import InputError
from mtl.labelling import LabellingSession

ALL = "all labels"
EMPTY = "The table shows the guesses of the model for texts that nobody has labelled."


@dataclass(frozen=True)
class Queue:
    """The choice of the label, the table, and the place of its errors."""

    label: gr.Dropdown
    table: gr.HTML
    problem: gr.HTML
    accepted: Any
    """The event after which the figures are new."""


def build_queue(desk: Desk) -> Queue:
    """Build the table and connect its own events."""
    label = gr.Dropdown([ALL], value=ALL, label="Guessed label", elem_id="ph-label-of", elem_classes="ph-short")
    problem = message_place()
    table = view.build_table(elem_id="ph-label-queue")
    requests = gr.State(LatestOnly())

    # Gradio finds the event data by the annotation of a plain function.
    def accept(event: gr.EventData, requests: LatestOnly, label: str, *values: Any) -> Any:  # noqa: ANN401
        return _numbered(requests, event, lambda: _accepted(desk.work(*values), label, event._data))

    def turn(event: gr.EventData, requests: LatestOnly, label: str, *values: Any) -> Any:  # noqa: ANN401
        return _numbered(requests, event, lambda: page(desk.work(*values), label, event._data.get("page")))

    inputs, outputs = [requests, label, *desk.inputs], [problem, table]
    accepted = table.accept(accept, inputs, outputs, trigger_mode="multiple", **QUICK)
    made = Queue(label, table, problem, accepted)
    table.turn(turn, inputs, outputs, trigger_mode="multiple", **QUICK)
    label.input(**shown(desk, made))
    return made


def shown(desk: Desk, made: Queue) -> dict[str, Any]:
    """The event that shows the first page."""

    def first(label: str, *values: Any) -> tuple[str]:  # noqa: ANN401
        return (page(desk.work(*values), label, 0),)

    return {
        "fn": reporting(first, outputs=1),
        "inputs": [made.label, *desk.inputs],
        "outputs": [made.problem, made.table],
        **QUICK,
    }


def page(work: Work, label: str | None, number: object, said: str = "") -> str:
    """A page of the table; errors as `LabellingSession`."""
    if not work.project:
        return message.empty(EMPTY)
    session = work.session
    at = number if isinstance(number, int) and number >= 0 else 0
    found = session.table(work.annotator, label=_label(session, label), page=at)
    return view.page_of_table(found, session.project.spec, project=work.project, said=said)


def _accepted(work: Work, label: str | None, data: dict[str, Any]) -> str:
    if data.get("project") != work.project:
        raise InputError(OTHER_PROJECT)
    session = work.session
    ticked = view.accepted(data.get("ticked"), session.project.spec, session.project.texts)
    # What was answered since the table was filled, in another window or by somebody else, is not replaced by a guess.
    count = session.accept(work.annotator, ticked, replaces=False)
    is_pairs = session.project.of_pairs
    done = f"{pairs(count)} {'is' if count == 1 else 'are'} answered." if is_pairs else labelled(count)
    said = f"{done} Undo on the card takes {'it' if count == 1 else 'them'} back." if count else ""
    if left := len(ticked) - count:
        said += f" {pairs(left) if is_pairs else count_of(left)} had another answer meanwhile, which stays."
    said = said.strip() or f"No {'pair' if is_pairs else 'text'} is ticked."
    # What was accepted has left the table, so the next texts are on the same page.
    return page(work, label, data.get("page"), said)


def _label(session: LabellingSession, label: str | None) -> str | None:
    return label if label in session.project.spec.names else None


def _numbered(requests: LatestOnly, event: gr.EventData, answer: Any) -> Any:  # noqa: ANN401
    sent = event._data.get("number")
    number = requests.begin(sent if isinstance(sent, int) else None)
    found = reporting(lambda: (answer(),), outputs=1)()
    return found if requests.is_latest(number) else (gr.skip(), gr.skip())
