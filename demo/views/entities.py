"""Entities: the text with its spans marked, and a table of them."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.views.classes import tag
from demo.views.palette import NEUTRAL, LabelColours
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis, Entity


def highlighted(text: str, entities: Sequence[Entity], colours: LabelColours) -> str:
    """The text, escaped, each entity marked by colour and by the name of its type; overlapping ones give way."""
    parts: list[str] = []
    position = 0
    for entity in sorted(entities, key=lambda found: found["start"]):
        if entity["start"] < position:
            continue
        kind = entity["entity_group"]
        parts.append(escape(text[position : entity["start"]]))
        parts.append(
            f'<mark class="ph-entity" style="--entity:{colours.get(kind, NEUTRAL)}" data-type="{escape(kind)}" '
            f'title="{escape(kind)} {entity["score"]:.2f}">{escape(text[entity["start"] : entity["end"]])}'
            f"<b>{escape(kind)}</b></mark>"
        )
        position = entity["end"]
    parts.append(escape(text[position:]))
    return f'<p class="ph-text" dir="auto">{"".join(parts)}</p>'


def entity_cards(analyses: Sequence[Analysis], colours: LabelColours) -> str:
    """A card for each tagging task with every text in it, and a legend of the types that it found."""
    tasks = list(analyses[0].entities) if analyses else []
    return "".join(
        f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}</h3>'
        + "".join(highlighted(analysis.text, analysis.entities[task], colours) for analysis in analyses)
        + "</section>"
        for task in tasks
    )


def entity_table(analyses: Sequence[Analysis], colours: LabelColours) -> str:
    """Span, type, score and offsets of every entity; with several texts also the text's number."""
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
        return '<p class="ph-note">No entity found.</p>'
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
