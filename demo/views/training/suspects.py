"""The table of suspect labels: what is given, what is suggested, and buttons to accept or dismiss it."""

from collections.abc import Sequence
from html import escape

from demo import palette
from demo.training.corrections import Correction
from demo.training.suspects import MOST, SuspectLabel, SuspectList
from demo.views import message
from demo.views.answers.entities import highlighted
from demo.views.answers.kept import answer_text
from demo.views.message import shorten
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Entity

PRESSES = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-suspect]');
  if (!button) return;
  if (button.dataset.act === 'accept') trigger('accept', {suspect: button.dataset.suspect});
  else trigger('dismiss', {suspect: button.dataset.suspect});
});
"""
"""The script of the component that shows the table."""
EMPTY = "Press the button to look for labels of the train and dev data that are probably wrong."
_LONGEST = 400


def suspect_table(found: SuspectList | None) -> str:
    """A row for each suspect that nobody has decided on, the most suspect first."""
    if found is None:
        return message.empty(EMPTY)
    if not found.total:
        return message.empty(f"No suspect labels among {found.examples:,} examples of {found.task}.")
    notes = "".join(map(message.note, found.notes))
    if not found.suspects:
        return message.note("All suspects of this list are decided.") + notes
    labels = "label" if found.total == 1 else "labels"
    shown = f"{found.total:,} suspect {labels} in {found.examples:,} examples"
    shown += f", the first {MOST} are listed" if found.total > MOST else ""
    line = message.note(f"{shown}. The score is the probability of the given label by a model that has not seen it.")
    spans = [s for one in found.suspects for side in (one.given, one.suggested) for s in side.spans]
    colours = palette.assign([sorted({span.label for span in spans})])
    columns = [Column("row"), Column("given"), Column("suggested"), Column("score", number=True)]
    rows = [_row(one, colours) for one in found.suspects]
    return line + table(columns, rows, caption=f"Suspect labels of {found.task}") + notes


def _row(one: SuspectLabel, colours: palette.LabelColours) -> Sequence[float | Html]:
    place = escape(f"{one.part} {one.row}")
    if one.end:
        given, suggested = (Html(_marked(side, colours)) for side in (one.given, one.suggested))
    else:
        text = f'<p class="ph-text" dir="auto">{escape(shorten(one.text, _LONGEST))}</p>'
        given = Html(f"{text}<strong>{escape(answer_text(one.given))}</strong>")
        suggested = Html(f"<strong>{escape(answer_text(one.suggested))}</strong>")
    return [Html(f"{place}{_buttons(one)}"), given, suggested, one.score]


def _marked(side: Correction, colours: palette.LabelColours) -> str:
    text = side.text
    entities = [
        Entity(entity_group=s.label, score=1.0, word=text[s.start : s.end], start=s.start, end=s.end)
        for s in side.spans
    ]
    return highlighted(text, entities, colours)


def _buttons(one: SuspectLabel) -> str:
    about = escape(shorten(one.text, 40))
    return "".join(
        f'<button type="button" class="ph-fix ph-decide" data-act="{act}" data-suspect="{one.key}" '
        f'aria-label="{title} for {about}">{title}</button>'
        for act, title in (("accept", "Accept"), ("dismiss", "Dismiss"))
    )
