"""Entities: the text with its spans marked, and a table of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from demo.palette import NEUTRAL, LabelColours, line_in
from demo.views.answers.classes import tag
from demo.views.answers.unlike import mark
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis, Entity
from mtl.labels import TypedSpan


def highlighted(text: str, entities: Sequence[Entity], colours: LabelColours) -> str:
    """The escaped text with each entity marked by colour, line and type; overlapping entities are left out."""
    parts: list[str] = []
    position = 0
    for entity in markable(text, entities):
        kind = entity["entity_group"]
        parts.append(escape(text[position : entity["start"]]))
        parts.append(
            f'<mark class="ph-entity" style="--entity:{colours.get(kind, NEUTRAL)};'
            f'border-bottom-style:{line_in(colours, kind)}" data-type="{escape(kind)}" '
            f'title="{escape(kind)} {entity["score"]:.2f}">{escape(text[entity["start"] : entity["end"]])}'
            f"<b>{escape(kind)}</b></mark>"
        )
        position = entity["end"]
    parts.append(escape(text[position:]))
    return f'<p class="ph-text" dir="auto">{"".join(parts)}</p>'


def markable(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """The entities that can be marked in the text: in order, disjoint, and inside it."""
    kept: list[Entity] = []
    position = 0
    for entity in sorted(entities, key=lambda found: (found["start"], -found["end"])):
        if position <= entity["start"] < entity["end"] <= len(text):
            kept.append(entity)
            position = entity["end"]
    return kept


def entity_cards(analyses: Sequence[Analysis], colours: LabelColours, *, correctable: bool = False) -> str:
    """A card for each tagging task with all texts; if it is `correctable`, with a button beside each text.

    Texts that are unlike the training texts of the task are marked, a single one beside the name of the task.
    """
    tasks, single = list(analyses[0].entities) if analyses else [], len(analyses) == 1
    return "".join(
        f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}'
        + (mark(analyses[0], task) if single else "")
        + "</h3>"
        + "".join(
            (_fix(task, row) if correctable else "")
            + highlighted(analysis.text, analysis.entities[task], colours)
            + ("" if single else mark(analysis, task))
            for row, analysis in enumerate(analyses)
        )
        + "</section>"
        for task in tasks
    )


def wrong_cards(
    wrong: Sequence[tuple[int, Analysis, Sequence[TypedSpan]]], task: str, colours: LabelColours, *, total: int
) -> str:
    """A folded list of texts with wrong spans, from row, predictions and gold spans of each."""
    if not wrong:
        return ""
    parts = "".join(
        f"{_fix(task, row)}{highlighted(analysis.text, analysis.entities[task], colours)}"
        f'<p class="ph-gold">gold: {escape(_spans(analysis.text, right))}</p>'
        for row, analysis, right in wrong
    )
    title = f"{total:,} texts with errors" if total > 1 else "1 text with errors"
    first = f", the first {len(wrong)} are shown" if len(wrong) < total else ""
    return f"<details><summary>{title}{first}</summary>{parts}</details>"


def _spans(text: str, spans: Sequence[TypedSpan]) -> str:
    return ", ".join(f"{text[s.start : s.end]} {s.label}" for s in spans) or "no entity"


def counts(analyses: Sequence[Analysis], colours: LabelColours) -> str:
    """The number of entities of each type."""
    found = Counter((task, e["entity_group"]) for _, task, e in _all(analyses))
    parts = "".join(f"<span>{tag(kind, colours)} <b>{count:,}</b></span>" for (_, kind), count in found.most_common())
    return f'<div class="ph-counts">{parts or "No entities found."}</div>'


def _fix(task: str, row: int) -> str:
    return (
        f'<button type="button" class="ph-fix" data-act="correct" data-task="{escape(task)}" data-row="{row}" '
        f'aria-label="Correct {escape(task)} of text {row + 1}">Correct</button>'
    )


def entity_table(analyses: Sequence[Analysis], colours: LabelColours) -> str:
    """Span, type, score and offsets of every entity; for several texts also the number of the text."""
    several, tasks = len(analyses) > 1, {task for analysis in analyses for task in analysis.entities}
    columns = [Column("span"), Column("type"), Column("score", number=True), Column("start–end", number=True)]
    columns = ([Column("no.", number=True)] if several else []) + columns
    columns = ([Column("task")] if len(tasks) > 1 else []) + columns
    rows: list[list[str | float | int | Html]] = []
    for number, task, entity in _all(analyses):
        row: list[str | float | int | Html] = [
            entity["word"],
            Html(tag(entity["entity_group"], colours)),
            entity["score"],
            f"{entity['start']}–{entity['end']}",
        ]
        rows.append(([task] if len(tasks) > 1 else []) + ([number] if several else []) + row)
    if not rows:
        return '<p class="ph-note">No entities found.</p>'
    return table(columns, rows, caption="Entities found")


def _all(analyses: Sequence[Analysis]) -> list[tuple[int, str, Entity]]:
    return [
        (number, task, entity)
        for number, analysis in enumerate(analyses, start=1)
        for task, found in _by_task(analysis).items()
        for entity in found
    ]


def _by_task(analysis: Analysis) -> Mapping[str, list[Entity]]:
    return analysis.entities
