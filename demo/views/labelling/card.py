"""The card of one text or pair: the component, and its content as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo import palette
from demo.assets import ASSETS
from demo.views.answers.word_spans import SCRIPT, in_words, spans_from, words_of
from mtl.labelling import Answer, Card, Counts, PairCosine, ProjectKind, ProjectSpec
from mtl.labels import TypedSpan, stable_order

_FOLDER = ASSETS / "label"
_NOTHING = {ProjectKind.LABELS: "no label", ProjectKind.SPANS: "no entity"}
_DONE = (
    "Every text is labelled or skipped. The table and the map show what the model makes of them; Undo takes the last "
    "answer back."
)
_DONE_PAIRS = (
    "Every mined pair is answered or skipped. Add the answers to Train: with the fine-tuned model in the header, pairs "
    "are mined anew. Undo takes the last answer back."
)


@dataclass(frozen=True)
class Asked:
    """What the browser asked for: the project and the place of the request in the order of all (0 for a new card)."""

    project: str
    number: int = 0
    by: str = ""
    """Who labels."""
    is_anew: bool = False
    """Whether it follows no answer, but another order or name."""


def build_card(*, elem_id: str) -> gr.HTML:
    """An empty card.

    Its event `act` has `{project, number, by, kind, text, answer, last}`, where `kind` is answer, skip or undo, and
    `last` says what an undo would take back, as `Counts.last` when the card was made; its event
    `idle` has `{project}` and comes when nothing has been asked for a moment.
    """
    scripts = [(_FOLDER / name).read_text(encoding="utf-8") for name in ("card.js", "labels.js")]
    return gr.HTML(
        "",
        html_template=(_FOLDER / "card.html").read_text(encoding="utf-8"),
        js_on_load="\n".join([SCRIPT, *scripts]),
        apply_default_css=False,
        elem_id=elem_id,
    )


def card_value(asked: Asked, spec: ProjectSpec, card: Card | None, *, counts: Counts, said: str = "") -> str:
    """A card as the component takes it; without one, everything is labelled.

    Args:
        asked: what the card is an answer to.
        spec: the task.
        card: the text.
        counts: how far this person is.
        said: what has just happened, in one sentence.
    """
    content = {
        "project": asked.project,
        "number": asked.number,
        "by": asked.by,
        "anew": asked.is_anew,
        "kind": str(spec.kind),
        "labels": _labels(spec),
        "counts": counts_line(counts),
        "last": counts.last,
        "said": said,
        "done": _DONE_PAIRS if spec.kind is ProjectKind.PAIRS else _DONE,
        "card": None if card is None else _content(card, spec),
    }
    return json.dumps(content, ensure_ascii=False)


def problem_value(asked: Asked, sentence: str, *, card: str = "") -> str:
    """An error, which leaves the text as it is; labels and answer become those of `card`, of the same text."""
    content = {**json.loads(card or "{}"), "project": asked.project, "number": asked.number, "problem": sentence}
    return json.dumps(content, ensure_ascii=False)


def answer_as_sent(answer: Answer | None, text: str) -> Any:  # noqa: ANN401
    """An answer as the browser gets it and sends it back."""
    if answer is None or isinstance(answer, str):
        return answer
    spans = _spans(answer)
    return [list(one) for one in in_words(text, spans)] if spans else list(answer)


def counts_line(counts: Counts) -> str:
    """How far a person is."""
    parts = [f"{counts.labelled:,} of {counts.total:,} labelled"]
    parts += [f"{counts.skipped:,} skipped"] if counts.skipped else []
    parts += [f"{counts.others:,} by others"] if counts.others else []
    return " · ".join(parts)


def answer_in_words(answer: Answer, spec: ProjectSpec, text: str) -> str:
    """An answer for people."""
    if isinstance(answer, str):
        return answer
    parts = [one if isinstance(one, str) else f"{text[one.start : one.end]} ({one.label})" for one in answer]
    return ", ".join(parts) or _NOTHING[spec.kind]


def answer_from(sent: Any, spec: ProjectSpec, text: str) -> Answer:  # noqa: ANN401
    """The answer that a browser sent, which is not trusted; `LabellingSession.answer` checks labels and spans."""
    if spec.kind is ProjectKind.SPANS:
        return tuple(spans_from(text, sent))
    if spec.kind is ProjectKind.LABELS:
        return stable_order(str(label) for label in sent) if isinstance(sent, list) else ()
    return str(sent)


def label_colours(spec: ProjectSpec) -> palette.LabelColours:
    """The colour of each label."""
    return palette.assign([spec.names])


def _labels(spec: ProjectSpec) -> list[dict[str, str]]:
    colours = label_colours(spec)
    return [
        {
            "name": hint.name,
            "description": hint.description,
            "colour": colours[hint.name],
            "line": palette.line_in(colours, hint.name),
        }
        for hint in spec.labels
    ]


def _content(card: Card, spec: ProjectSpec) -> dict[str, Any]:
    copies = f" It stands for {card.copies:,} equal rows." if card.copies > 1 else ""
    content: dict[str, Any] = {
        "text": card.number,
        "content": card.text,
        "why": str(card.why.reason),
        "reason": f"{card.why.sentence}{copies}",
        "answer": answer_as_sent(card.answer, card.text),
    }
    guess = card.guess
    if card.other is not None and card.cosine is not None:
        content |= {"other": card.other, "cosine": cosine_in_words(card.cosine)}
    if spec.kind is ProjectKind.SPANS:
        shown = card.answer if card.answer is not None else guess.answer if guess is not None else ()
        return content | words_of(card.text) | {"spans": in_words(card.text, _spans(shown)), "chosen": []}
    shares = None
    if guess is not None and guess.probabilities:
        shares = [round(float(guess.probabilities.get(name, 0.0)), 4) for name in spec.names]
    chosen = _labels_in(card.answer)
    if spec.kind is ProjectKind.LABELS and card.answer is None and guess is not None:
        chosen = _labels_in(guess.answer)
    sure = guess.answer if guess is not None and isinstance(guess.answer, str) else None
    return content | {"shares": shares, "chosen": list(chosen), "guess": sure}


def cosine_in_words(cosine: PairCosine) -> str:
    """The cosine of a pair beside the threshold."""
    return f"cosine {cosine.cosine:.2f}, same from {cosine.at:.2f} on"


def _labels_in(answer: Answer | None) -> Sequence[str]:
    if isinstance(answer, str):
        return (answer,)
    return [one for one in answer or () if isinstance(one, str)]


def _spans(answer: Answer) -> list[TypedSpan]:
    return [one for one in answer if isinstance(one, TypedSpan)]
