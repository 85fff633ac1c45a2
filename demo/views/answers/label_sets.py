"""Probabilities of labels of which a text may have several: bars with thresholds, and choices to correct them."""

from collections.abc import Collection, Mapping
from html import escape

from demo.answers.passes import NO_LABEL
from demo.palette import NEUTRAL, LabelColours
from demo.views.answers.unlike import mark
from demo.views.tables import attribute
from mtl.inference.analysis import Analysis


def set_card(
    task: str,
    analysis: Analysis,
    limits: Mapping[str, float],
    *,
    colours: LabelColours,
    correctable: bool,
) -> str:
    """A card with a bar for each label, sorted by probability, and a mark where its threshold lies.

    Labels that reach theirs are ticked; if they are `correctable`, others can be ticked and saved.
    """
    scores = analysis.classes[task]
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    chosen = [label for label, score in ranked if score >= limits[label]]
    rows = "".join(
        _bar(label, score, limits[label], colour=colours.get(label, NEUTRAL), correctable=correctable)
        for label, score in ranked
    )
    save = _save(task, 0) if correctable else ""
    count = f"{len(chosen)} of {len(scores)} labels" if chosen else NO_LABEL
    return (
        f'<section class="ph-card" data-task="{escape(task)}" data-set="yes"><h3>{escape(task)}<small>{count}</small>'
        f"{mark(analysis, task)}</h3>{rows}{save}</section>"
    )


def set_choice(task: str, row: int, scores: Mapping[str, float], *, chosen: Collection[str], tags: str) -> str:
    """The chosen labels of one of many texts, shown as `tags`, which open to a choice among all labels."""
    ticks = "".join(f"<li>{_tick(label, is_chosen=label in chosen)}</li>" for label in scores)
    return (
        f'<details class="ph-set" data-set="yes"><summary aria-label="{attribute(task)} of text {row + 1}">{tags}'
        f"</summary><ul>{ticks}</ul>{_save(task, row)}</details>"
    )


def set_tags(
    scores: Mapping[str, float], chosen: Collection[str], *, colours: LabelColours, threshold: float = 0.0
) -> str:
    """The chosen labels with colours and probabilities; those below the threshold are marked as unsure."""
    tags = "".join(
        f'<span class="ph-tag"><i style="background:{colours.get(label, NEUTRAL)}"></i><bdi>{escape(label)}</bdi> '
        f'<span class="ph-p">{scores[label]:.2f}{" unsure" if scores[label] < threshold else ""}</span></span>'
        for label in chosen
    )
    return f'<span class="ph-tags">{tags}</span>' if tags else f'<span class="ph-p">{NO_LABEL}</span>'


def _bar(label: str, score: float, limit: float, *, colour: str, correctable: bool) -> str:
    is_chosen = score >= limit
    mark = "✓ " if is_chosen else ""
    name = _tick(label, is_chosen=is_chosen) if correctable else f"{mark}{escape(label)}"
    first, told = (" ph-first", ' data-chosen="yes"') if is_chosen else ("", "")
    return (
        f'<div class="ph-bar{first}" data-label="{escape(label)}"{told}><span class="ph-name">{name}</span>'
        f'<span class="ph-track ph-limited" style="--limit:{limit * 100:.1f}%" title="chosen from {limit:.2f} on">'
        f'<span class="ph-fill" style="width:{score * 100:.1f}%;background:{colour}"></span></span>'
        f'<span class="ph-figure">{score:.2f}</span></div>'
    )


def _tick(label: str, *, is_chosen: bool) -> str:
    box = f'<input type="checkbox" value="{attribute(label)}"{" checked" if is_chosen else ""}>'
    return f'<label class="ph-tick-label">{box} {escape(label)}</label>'


def _save(task: str, row: int) -> str:
    return (
        f'<button type="button" class="ph-fix" data-act="correct" data-row="{row}" data-task="{escape(task)}" '
        f'aria-label="Save the labels of text {row + 1} for {attribute(task)}">Save these labels</button>'
    )
