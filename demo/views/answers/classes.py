"""Class probabilities: bars for one text, a table for many."""

from collections.abc import Sequence
from html import escape
from types import MappingProxyType

from demo.answers.passes import Limits, answer_of, winner
from demo.palette import NEUTRAL, LabelColours
from demo.views.answers.label_sets import set_card, set_choice, set_tags
from demo.views.answers.unlike import mark
from demo.views.tables import Column, Html, attribute, table
from mtl.inference.analysis import Analysis

_NO_LIMITS: Limits = MappingProxyType({})


def bars(
    analysis: Analysis,
    colours: LabelColours,
    *,
    threshold: float = 0.0,
    correctable: bool = False,
    limits: Limits = _NO_LIMITS,
) -> str:
    """A card for each task with a bar for each label, sorted by probability.

    A task is marked as unsure if its best label is below the threshold, and apart from that where the text is unlike
    its training texts; `correctable` labels are buttons. Tasks that have `limits` are multi-label.
    """
    cards = "".join(
        set_card(task, analysis, limits[task], colours=colours, correctable=correctable)
        if task in limits
        else _card(task, analysis, colours, threshold=threshold, correctable=correctable)
        for task in analysis.classes
    )
    return f'<div class="ph-cards">{cards}</div>'


def class_table(
    analyses: Sequence[Analysis],
    colours: LabelColours,
    *,
    threshold: float = 0.0,
    correctable: bool = False,
    limits: Limits = _NO_LIMITS,
) -> str:
    """A row for each text with the most probable label of every task and its probability.

    Of tasks that have `limits` all chosen labels are shown. A label below the threshold is marked as unsure, and one of
    a text that is unlike the training texts is marked too. If it is `correctable`, another label can be chosen.
    """
    tasks = list(analyses[0].classes) if analyses else []
    columns = [Column("no.", number=True), Column("text")]
    for task in tasks:
        columns.append(Column(task))
    rows: list[list[str | float | int | Html]] = []
    for number, analysis in enumerate(analyses, start=1):
        row: list[str | float | int | Html] = [number, Html(f'<span class="ph-clip">{escape(analysis.text)}</span>')]
        for task in tasks:
            if task in limits:
                chosen, scores = answer_of(analysis, task), analysis.classes[task]
                tags = set_tags(scores, chosen, colours=colours, threshold=threshold)
                shown = set_choice(task, number - 1, scores, chosen=chosen, tags=tags) if correctable else tags
                row.append(Html(shown + mark(analysis, task)))
                continue
            label, score = winner(analysis.classes[task])
            unsure = ' <span class="ph-p">unsure</span>' if score < threshold else ""
            shown = _choice(task, number - 1, analysis, colours) if correctable else tag(label, colours)
            row.append(Html(f'{shown} <span class="ph-p">{score:.2f}</span>{unsure}{mark(analysis, task)}'))
        rows.append(row)
    return table(columns, rows, caption="Classes of every text")


def tag(label: str, colours: LabelColours) -> str:
    """A label with its colour as a dot."""
    colour = colours.get(label, NEUTRAL)
    return f'<span class="ph-tag"><i style="background:{colour}"></i>{escape(label)}</span>'


def _choice(task: str, row: int, analysis: Analysis, colours: LabelColours) -> str:
    label, _ = winner(analysis.classes[task])
    options = "".join(
        f'<option value="{attribute(name)}"{" selected" if name == label else ""}>{escape(name)}</option>'
        for name in analysis.classes[task]
    )
    return (
        f'<span class="ph-tag"><i style="background:{colours.get(label, NEUTRAL)}"></i><select class="ph-select" '
        f'data-task="{escape(task)}" data-row="{row}" aria-label="{escape(task)} of text {row + 1}">{options}</select>'
        "</span>"
    )


def _card(task: str, analysis: Analysis, colours: LabelColours, *, threshold: float, correctable: bool) -> str:
    ranked = sorted(analysis.classes[task].items(), key=lambda item: -item[1])
    rows = "".join(
        f'<div class="ph-bar{" ph-first" if place == 0 else ""}" data-label="{escape(label)}">'
        f"{_name(task, label, correctable=correctable)}"
        f'<span class="ph-track"><span class="ph-fill" style="width:{score * 100:.1f}%;'
        f'background:{colours.get(label, NEUTRAL)}"></span></span>'
        f'<span class="ph-figure">{score:.2f}</span></div>'
        for place, (label, score) in enumerate(ranked)
    )
    doubt = ("<small>unsure</small>" if ranked[0][1] < threshold else "") + mark(analysis, task)
    return f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}{doubt}</h3>{rows}</section>'


def _name(task: str, label: str, *, correctable: bool) -> str:
    if not correctable:
        return f'<span class="ph-name">{escape(label)}</span>'
    return (
        f'<span class="ph-name"><button type="button" class="ph-pick" data-act="correct" data-row="0" '
        f'data-task="{escape(task)}" data-label="{attribute(label)}" title="Save this label as a training example">'
        f"{escape(label)}</button></span>"
    )
