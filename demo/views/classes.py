"""Class probabilities: bars for one text, a table for many."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.views.palette import NEUTRAL, LabelColours
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis


def bars(classes: Mapping[str, Mapping[str, float]], colours: LabelColours) -> str:
    """A card for each task with a bar for each label, in the order of probability."""
    return (
        '<div class="ph-cards">' + "".join(_card(task, scores, colours) for task, scores in classes.items()) + "</div>"
    )


def class_table(analyses: Sequence[Analysis], colours: LabelColours) -> str:
    """A row for each text with the winning label of every task and its probability."""
    tasks = list(analyses[0].classes) if analyses else []
    columns = [Column("no.", number=True), Column("text")]
    for task in tasks:
        columns.append(Column(task))
    rows: list[list[str | float | int | Html]] = []
    for number, analysis in enumerate(analyses, start=1):
        row: list[str | float | int | Html] = [number, Html(f'<span class="ph-clip">{escape(analysis.text)}</span>')]
        for task in tasks:
            label, score = winner(analysis.classes[task])
            row.append(Html(f'{tag(label, colours)} <span class="ph-p">{score:.2f}</span>'))
        rows.append(row)
    return table(columns, rows, caption="Classes of every text")


def winner(scores: Mapping[str, float]) -> tuple[str, float]:
    """The most probable label and its probability."""
    label = max(scores, key=lambda name: scores[name])
    return label, scores[label]


def tag(label: str, colours: LabelColours) -> str:
    """A label with its colour as a dot."""
    colour = colours.get(label, NEUTRAL)
    return f'<span class="ph-tag"><i style="background:{colour}"></i>{escape(label)}</span>'


def _card(task: str, scores: Mapping[str, float], colours: LabelColours) -> str:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    rows = "".join(
        f'<div class="ph-bar{" ph-first" if place == 0 else ""}" data-label="{escape(label)}">'
        f'<span class="ph-name">{escape(label)}</span>'
        f'<span class="ph-track"><span class="ph-fill" style="width:{score * 100:.1f}%;'
        f'background:{colours.get(label, NEUTRAL)}"></span></span>'
        f'<span class="ph-figure">{score:.2f}</span></div>'
        for place, (label, score) in enumerate(ranked)
    )
    return f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}</h3>{rows}</section>'
