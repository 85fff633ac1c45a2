"""The table of texts that nobody has labelled: guesses with a tick, to be accepted a page at a time."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from demo import palette
from demo.assets import ASSETS
from demo.palette import LabelColours
from demo.views import message
from demo.views.answers.classes import tag
from demo.views.answers.word_spans import in_words
from demo.views.labelling.card import answer_from, label_colours
from demo.views.labelling.counting import count_of, pairs
from demo.views.tables import Cell, Column, Html, attribute, table
from mtl.labelling import DIFFERENT, SAME, Answer, Guess, ProjectKind, ProjectSpec, TablePage, TableRow
from mtl.labels import TypedSpan

_NOTHING = "Nothing is left here: no unlabelled text has this label as its guess."
_NO_PAIR = "Nothing is left here: no unanswered pair has this answer as its guess."
_WAITING = "The table fills when the model has guesses: label a few texts on cards first."


def build_table(*, elem_id: str) -> gr.HTML:
    """An empty table.

    Its event `accept` has `{project, ticked, page}` with `[number, answer]` each, and `turn` has `{page}`.
    """
    script = (ASSETS / "label" / "table.js").read_text(encoding="utf-8")
    return gr.HTML("", js_on_load=script, apply_default_css=False, elem_id=elem_id)


def page_of_table(page: TablePage, spec: ProjectSpec, *, project: str, said: str = "") -> str:
    """One page with its buttons."""
    is_pairs = spec.kind is ProjectKind.PAIRS
    if not page.rows:
        return _said(said) + message.empty(_NO_PAIR if is_pairs else _NOTHING)
    known = [row for row in page.rows if row.guess is not None]
    if not known:
        return _said(said) + message.empty(_WAITING)
    colours = label_colours(spec)
    columns = [Column("accept"), Column("text"), Column("guess"), Column("sure", number=True)]
    caption = "Unlabelled texts, surest first"
    if is_pairs:
        columns = [Column("take"), Column("texts"), Column("guess"), Column("cosine", number=True)]
        caption = "Unanswered pairs by their cosine"
    rows = table(columns, [_row(row, spec, colours) for row in page.rows], caption=caption)
    take = _take("Accept the ticked texts", "A")
    if is_pairs:
        take = _take("The ticked are the same", "1", SAME) + _take("The ticked are different", "2", DIFFERENT)
    turn = "".join(
        f'<button type="button" class="ph-fix" data-page="{target}"{"" if 0 <= target < page.pages else " disabled"}>'
        f"{title}</button>"
        for title, target in (("Previous page", page.page - 1), ("Next page", page.page + 1))
    )
    return (
        f'{_said(said)}<div class="ph-label-table" data-project="{attribute(project)}" data-page="{page.page}">{rows}'
        f'<div class="ph-label-end">'
        f'{take}{turn}<span class="ph-note">Page {page.page + 1:,} of {page.pages:,}, '
        f"{pairs(page.total) if is_pairs else count_of(page.total)}.</span>"
        "</div></div>"
    )


def accepted(sent: Any, spec: ProjectSpec, texts: Sequence[str]) -> dict[int, Answer]:  # noqa: ANN401
    """The answers of the ticked rows, as `[number, answer]`; what a browser sends is not trusted.

    They are those that the page has shown, whatever the model guesses by now; `LabellingSession.accept` checks the
    numbers of pairs.
    """
    found: dict[int, Answer] = {}
    for row in sent if isinstance(sent, list) else []:
        match row:
            case [int(number), answer] if spec.kind is ProjectKind.PAIRS:
                found[number] = answer_from(answer, spec, "")
            case [int(number), answer] if 0 <= number < len(texts):
                found[number] = answer_from(answer, spec, texts[number])
    return found


def marked(text: str, spans: tuple[TypedSpan, ...], colours: LabelColours) -> str:
    """A text with its spans marked."""
    parts, at = [], 0
    for span in spans:
        colour, line = colours.get(span.label, palette.NEUTRAL), palette.line_in(colours, span.label)
        parts.append(
            f'{escape(text[at : span.start])}<mark class="ph-entity" style="--entity:{colour};'
            f'border-bottom-style:{line}">{escape(text[span.start : span.end])}<b>{escape(span.label)}</b></mark>'
        )
        at = span.end
    return "".join(parts) + escape(text[at:])


def _row(row: TableRow, spec: ProjectSpec, colours: LabelColours) -> list[Cell | Html]:
    guess = row.guess
    if guess is None:
        box = '<input type="checkbox" disabled aria-label="No guess yet">'
        return [Html(box), Html(f'<div class="ph-clip" dir="auto">{escape(row.text)}</div>'), None, None]
    spans = tuple(one for one in guess.answer if isinstance(one, TypedSpan))
    answer = json.dumps(in_words(row.text, spans) if spec.kind is ProjectKind.SPANS else guess.answer)
    box = (
        f'<input type="checkbox" checked data-number="{row.number}" data-answer="{attribute(answer)}" '
        'aria-label="Accept the guess of this text">'
    )
    sure = f"{100 * guess.confidence:.0f} %"
    if row.other is not None and row.cosine is not None:
        both = "".join(f'<div class="ph-clip" dir="auto">{escape(text)}</div>' for text in (row.text, row.other))
        return [Html(box), Html(both), Html(_tags(guess, colours)), f"{row.cosine.cosine:.2f}"]
    if spec.kind is ProjectKind.SPANS:
        text = f'<div class="ph-text" dir="auto">{marked(row.text, spans, colours)}</div>'
        return [Html(box), Html(text), f"{len(spans)} {'entity' if len(spans) == 1 else 'entities'}", sure]
    text = f'<div class="ph-clip" dir="auto" title="{escape(row.text)}">{escape(row.text)}</div>'
    return [Html(box), Html(text), Html(_tags(guess, colours)), sure]


def _take(title: str, key: str, answer: str = "") -> str:
    """A button that takes the ticked rows, with their guesses or all with one answer."""
    own = f' data-answer="{attribute(answer)}"' if answer else ""
    return (
        f'<button type="button" class="ph-label-take" data-act="accept" data-key="{key.lower()}"{own}>'
        f"{title} <kbd>{key}</kbd></button>"
    )


def _tags(guess: Guess, colours: LabelColours) -> str:
    labels = [guess.answer] if isinstance(guess.answer, str) else [one for one in guess.answer if isinstance(one, str)]
    return f'<span class="ph-tags">{"".join(tag(label, colours) for label in labels) or "no label"}</span>'


def _said(sentence: str) -> str:
    return f'<p class="ph-note" role="status">{escape(sentence)}</p>' if sentence else ""
