"""The card: one round trip an answer, with the next card in the reply."""

import json
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from demo.labelling.form import annotator_of
from demo.latest_only import LatestOnly, number_of
from demo.runs.shown import sentence_of
from demo.tabs.label.desk import OTHER_PROJECT, Desk, Work
from demo.tabs.panels import NUMBERED
from demo.tabs.shared import QUICK
from demo.views.labelling import card as view
from demo.views.labelling.card import Asked
from mtl.errors import InputError, MtlError, NotLastError, UndoneError
from mtl.labelling import Answer, Card, LabellingSession, Reason
from mtl.labelling.answers import check_number


@dataclass(frozen=True)
class Sent:
    """What the browser sent with an event of the card; nothing of it is trusted."""

    asked: Asked
    kind: str
    text: int
    answer: Any
    before: Any
    """What the card showed as the answer of before."""
    reason: Reason | None
    by: str
    """For whom the card was; empty for who labels now."""
    last: str | None = None
    """The id of the action that an undo would take back, as the card knew it; None where it was not sent."""


class Replies(LatestOnly):
    """The requests of a card, with the reply to the latest one, for a browser that asks once more since it was lost."""

    kept: str | None = None


def wire_card(desk: Desk, card: gr.HTML) -> None:
    """Connect answers, skips and undos, and everything after which another card is shown."""
    requests = gr.State(Replies())

    # Gradio finds the event data by the annotation of a plain function.
    def act(event: gr.EventData, requests: Replies, *values: Any) -> Any:  # noqa: ANN401
        return answered(requests, desk.work(*values), sent_of(event._data))

    def ordered(number: object, *values: Any) -> Any:  # noqa: ANN401
        return fresh_of(desk, number_of(number) or 0)(*values)

    def named(number: object, shown: str | None, *values: Any) -> Any:  # noqa: ANN401
        return gr.skip() if is_for(shown, desk.work(*values)) else ordered(number, *values)

    card.act(act, [requests, *desk.inputs], card, trigger_mode="multiple", **QUICK)
    numbered = QUICK | {"trigger_mode": "multiple", "js": NUMBERED}
    asked = gr.Number(0, visible=False)
    desk.order.input(ordered, [asked, *desk.inputs], card, **numbered)
    # A name that has not changed leaves the card with what is marked on it.
    gr.on([desk.annotator.submit, desk.annotator.blur], named, [asked, card, *desk.inputs], card, **numbered)


def fresh_of(desk: Desk, number: int = 0) -> Any:  # noqa: ANN401
    """A handler of `Desk.inputs` that gives the next card anew, after something other than an answer.

    Args:
        desk: of the page.
        number: the place of the request in the order of all; 0 where no other card can be on its way.
    """

    def fresh(*values: Any) -> Any:  # noqa: ANN401
        work = desk.work(*values)
        if not work.project:
            return gr.skip()
        try:
            return fresh_card(work, number)
        except MtlError as error:
            return view.problem_value(Asked(work.project, number), sentence_of(error))

    return fresh


def is_for(shown: str | None, work: Work) -> bool:
    """Whether the card that is shown is one for who labels now."""
    try:
        return bool(json.loads(shown or "{}").get("by") == work.annotator)
    except (ValueError, AttributeError, MtlError):
        return False


def fresh_card(work: Work, number: int = 0) -> str:
    """The next card; errors as `LabellingSession`."""
    session = work.session
    asked = Asked(str(work.project), number, is_anew=True)
    return _shown(work, session, asked, session.next_card(work.annotator, order=work.order))


def opened_card(work: Work, text: Any) -> str:  # noqa: ANN401
    """The card of a named text; errors as `LabellingSession`."""
    session = work.session
    return _shown(work, session, Asked(str(work.project)), session.card(work.annotator, _whole(text)))


def sent_of(data: dict[str, Any]) -> Sent:
    """What came with an event of the card."""
    asked = Asked(str(data.get("project") or ""), max(0, _whole(data.get("number"), other=0)))
    reason = next((one for one in Reason if one == data.get("why")), None)
    text = _whole(data.get("text"), other=-1)
    by = str(data.get("by") or "")
    last = data.get("last")
    if isinstance(last, int | float) and not isinstance(last, bool):  # a time, from a page of an older version
        last = (str(last) if isinstance(last, float) else f"{last}.0") if last else ""
    last = last if isinstance(last, str) else None
    return Sent(asked, str(data.get("kind")), text, data.get("answer"), data.get("before"), reason, by, last)


def answered(requests: Replies, work: Work, sent: Sent) -> Any:  # noqa: ANN401
    """Keep what was done with a card and give the next one; what was done is kept even where its reply is too late."""
    if sent.asked.number == requests.latest and requests.kept is not None:
        return requests.kept  # the browser has asked once more, for the reply was lost
    number = requests.begin(sent.asked.number)
    requests.kept = None
    try:
        value = _act(work, sent)
        requests.kept = value if requests.is_latest(number) else requests.kept
    except MtlError as error:
        value = view.problem_value(sent.asked, sentence_of(error), card=_present(work, sent))
    return value if requests.is_latest(number) else gr.skip()


def _act(work: Work, sent: Sent) -> str:
    if sent.asked.project != work.project:
        raise InputError(OTHER_PROJECT)
    session, who = work.session, _who(work, sent)
    if sent.kind == "undo":
        card, said = _undone(session, who, sent.last)
        own = card if who == work.annotator else None
        return _shown(work, session, sent.asked, own or session.next_card(work.annotator, order=work.order), said)
    if sent.kind == "skip":
        _need_unchanged(work, sent, None)
        session.skip(who, sent.text)
        said = "Skipped."
    elif sent.kind == "answer":
        spec, text = session.project.spec, _text(session, sent.text)
        answer = view.answer_from(sent.answer, spec, text)
        _need_unchanged(work, sent, answer)
        session.answer(who, sent.text, answer, reason=sent.reason)
        said = f"Saved: {view.answer_in_words(answer, spec, text)}."
    else:
        raise InputError("An answer, a skip or an undo was expected.")
    return _shown(work, session, sent.asked, session.next_card(work.annotator, order=work.order), said)


def _undone(session: LabellingSession, who: str, last: str | None) -> tuple[Card | None, str]:
    """The card of what is taken back, and what has happened: nothing else is taken back than what the card knew."""
    try:
        card = session.undo(who, last=last)
    except UndoneError:  # before its reply was lost, or in another window
        return None, "Taken back."
    except NotLastError:
        return None, "In another window, something was done since. Undo again to take that back."
    return card, "There is nothing to undo." if card is None else "Taken back."


def _who(work: Work, sent: Sent) -> str:
    """Who labels: for whom the card was, whatever the field of the name says by now."""
    return annotator_of(sent.by) if sent.by else work.annotator


def _need_unchanged(work: Work, sent: Sent, answer: Answer | None) -> None:
    """Refuse what would replace an answer that this person has given meanwhile, and that the card did not show.

    What a browser asks once more, since a reply was lost, is the same answer and no other one.
    """
    session, who = work.session, _who(work, sent)
    text, now = _text(session, sent.text), session.answers(who).get(sent.text)
    if now is not None and now != answer and view.answer_as_sent(now, text) != sent.before:
        given = view.answer_in_words(now, session.project.spec, text)
        raise InputError(
            f"Not saved: in another window, {who} has answered {given}. Answer again to replace that. "
            "Where several people label, each needs a name."
        )


def _present(work: Work, sent: Sent) -> str:
    """The card of the same text with the labels and the answer of now; empty where the project cannot be read."""
    try:
        return opened_card(work, sent.text) if sent.asked.project == work.project else ""
    except MtlError:
        return ""


def _shown(work: Work, session: LabellingSession, asked: Asked, card: Card | None, said: str = "") -> str:
    counts = card.counts if card is not None else session.table(work.annotator, size=1).counts
    asked = replace(asked, by=work.annotator)
    return view.card_value(asked, session.project.spec, card, counts=counts, said=said)


def _text(session: LabellingSession, number: int) -> str:
    project = session.project
    return project.texts_of(check_number(project, number))[0]


def _whole(value: Any, *, other: int = -1) -> int:  # noqa: ANN401
    return value if isinstance(value, int) and not isinstance(value, bool) else other
