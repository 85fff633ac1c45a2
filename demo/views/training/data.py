"""The selected tasks of a training run: sizes, labels and label frequencies."""

from collections.abc import Sequence
from html import escape

from demo.inputs.drafts import Draft
from demo.palette import LabelColours, assign
from mtl.recipe import TaskKind

_SHOWN = 12
_UNITS = {TaskKind.CLASSIFICATION: "texts", TaskKind.TAGGING: "sentences", TaskKind.SIMILARITY: "pairs"}
_LABELS = {TaskKind.CLASSIFICATION: "labels", TaskKind.TAGGING: "types", TaskKind.SIMILARITY: ""}


def data_summary(drafts: Sequence[Draft]) -> str:
    """A card for each task: kind, examples, dev examples, a bar for each label, and notes."""
    colours = assign([label for label, _ in draft.counts] for draft in drafts)
    return '<div class="ph-cards">' + "".join(_card(draft, colours) for draft in drafts) + "</div>"


def data_line(draft: Draft) -> str:
    """A summary of a task."""
    labels = f", {len(draft.counts)} {_LABELS[draft.config.kind]}" if draft.counts else ""
    return f"{draft.name} {draft.train_size:,} {_UNITS[draft.config.kind]}{labels}, {draft.dev_size:,} for dev"


def _card(draft: Draft, colours: LabelColours) -> str:
    unit = _UNITS[draft.config.kind]
    largest = max((count for _, count in draft.counts), default=1)
    rows = "".join(
        f'<div class="ph-bar"><span class="ph-name">{escape(label)}</span><span class="ph-track">'
        f'<span class="ph-fill" style="width:{100 * count / largest:.0f}%;background:{colours[label]}"></span></span>'
        f'<span class="ph-figure">{count:,}</span></div>'
        for label, count in draft.counts[:_SHOWN]
    )
    more = len(draft.counts) - _SHOWN
    told = (note.removeprefix(f"{draft.name}: ") for note in draft.notes)
    notes = [*told, *([f"and {more} more labels"] if more > 0 else [])]
    remarks = "".join(f'<p class="ph-note">{escape(note)}</p>' for note in notes)
    return (
        f'<section class="ph-card" data-task="{escape(draft.name)}"><h2>{escape(draft.name)}'
        f"<small>{'multi-label ' * draft.config.multi_label}{draft.config.kind}</small></h2>"
        f'<p class="ph-sizes">{draft.train_size:,} {unit} for training, {draft.dev_size:,} for dev</p>'
        f"{rows}{remarks}</section>"
    )
