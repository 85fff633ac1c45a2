"""How far a project is: its score with an interval, the learning curve, and what people and model disagree on."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from demo.palette import BLUE, NEUTRAL, ORANGE
from demo.views import message
from demo.views.answers.report import measures
from demo.views.figures import GRID, figure, placeholder
from demo.views.labelling.card import answer_in_words
from demo.views.message import shorten
from demo.views.tables import Cell, Column, Html, attribute, table
from mtl.labelling import AHEAD, Agreement, BrokenChain, Confusion, Estimate, Progress, ProjectKind, ProjectSpec
from mtl.labelling.pairs import pair_of

HEIGHT = 220
EMPTY = "The first figures come with the first answers."
OPENS = """
element.addEventListener('click', (event) => {
  const open = event.target.closest('button[data-text]');
  if (open) trigger('open', {text: Number(open.dataset.text)});
});
"""
"""The script of a component with texts that can be opened on the card."""
_NAMES = {"accuracy": "accuracy", "f1": "F1"}
_SHOWN = 6
_LENGTH = 90  # characters of a text
_MINED = "Measured among the mined pairs: these are texts near each other, which are harder to tell apart than others."


def summary(progress: Progress) -> str:
    """Score, expectation and hint."""
    name = _NAMES[progress.metric]
    figures: dict[str, float | str] = {
        name: "not yet" if progress.score is None else _interval(progress.score),
        "measured on": f"{progress.measured:,} of {progress.known:,} answers",
    }
    if progress.ahead is not None:
        figures[f"after {AHEAD} more"] = _interval(progress.ahead)
    if progress.threshold is not None:
        figures["same from a cosine of"] = f"{progress.threshold:.2f}"
    hint = f'<p class="ph-label-hint">{escape(progress.hint)}</p>' if progress.hint else ""
    by_label = " · ".join(f"<bdi>{escape(label)}</bdi> {count:,}" for label, count in progress.by_label)
    below = f'<p class="ph-note">{by_label}</p>' if by_label else ""
    below += message.note(_MINED) if progress.threshold is not None else ""
    return f'<div class="ph-label-score">{measures(figures)}{hint}{below}</div>'


def curve(progress: Progress) -> go.Figure:
    """The score by the number of answers, with its interval, and what is expected of more."""
    if not progress.curve:
        return placeholder("The learning curve starts after some more answers.", height=HEIGHT)
    made = figure(height=HEIGHT, margins=(40, 12, 8, 40))
    answers = [point.answers for point in progress.curve]
    scores = [point.score for point in progress.curve]
    _band(made, answers, scores, "rgba(0,114,178,0.16)")
    made.add_scatter(
        x=answers,
        y=[score.value for score in scores],
        mode="lines+markers",
        line={"color": BLUE, "width": 2.5},
        marker={"size": 7, "symbol": "circle"},
        name="measured",
        hovertemplate="%{x} answers: %{y:.3f}<extra></extra>",
        cliponaxis=False,
    )
    if progress.ahead is not None:
        beyond = [answers[-1], answers[-1] + AHEAD]
        _band(made, beyond, [scores[-1], progress.ahead], "rgba(230,159,0,0.16)")
        made.add_scatter(
            x=beyond,
            y=[scores[-1].value, progress.ahead.value],
            mode="lines+markers",
            line={"color": ORANGE, "width": 2.5, "dash": "dash"},
            marker={"size": 8, "symbol": ["circle", "diamond"]},
            name="expected",
            hovertemplate="%{x} answers: %{y:.3f} expected<extra></extra>",
            cliponaxis=False,
        )
    made.update_xaxes(
        gridcolor=GRID, zeroline=False, nticks=6, title={"text": "answers", "standoff": 4}, rangemode="tozero"
    )
    made.update_yaxes(gridcolor=GRID, zeroline=False, nticks=6, range=[0, 1], title={"text": _NAMES[progress.metric]})
    return made


def details(progress: Progress, agreement: Agreement | None, spec: ProjectSpec, texts: Sequence[str]) -> str:
    """What the model mixes up, answers that it finds improbable, and how far people agree."""
    parts = []
    if progress.confusions:
        parts.append(_part("Confusions", _confusions(progress.confusions)))
    if progress.contradictions:
        rows: list[list[Cell | Html]] = [
            [
                _opens(one.number, spec, texts),
                answer_in_words(one.answer, spec, texts[one.number]),
                answer_in_words(one.guess, spec, texts[one.number]),
            ]
            for one in progress.contradictions[:_SHOWN]
        ]
        columns = [Column("text"), Column("answer"), Column("the others suggest")]
        shown = table(columns, rows, caption="Answers that contradict others")
        parts.append(_part("Contradictions", shown + message.first_of(len(progress.contradictions), _SHOWN)))
    if progress.chains:
        parts.append(_part("Contradictions", _chains(progress.chains, spec, texts)))
    if agreement is not None:
        parts.append(_part("Agreement", _agreement(agreement, spec, texts)))
    return "".join(parts)


def _chains(chains: Sequence[BrokenChain], spec: ProjectSpec, texts: Sequence[str]) -> str:
    rows: list[list[Cell | Html]] = [
        [_opens(one.number, spec, texts), " = ".join(shorten(texts[text], _LENGTH // 2) for text in one.texts)]
        for one in chains[:_SHOWN]
    ]
    columns = [Column("answered different"), Column("but the same by these answers")]
    shown = table(columns, rows, caption="Pairs that are different and the same at once")
    return shown + message.first_of(len(chains), _SHOWN)


def _confusions(confusions: Sequence[Confusion]) -> str:
    rows: list[list[Cell | Html]] = [
        [one.given or "nothing", one.guessed or "nothing", f"{one.count:,}"] for one in confusions[:_SHOWN]
    ]
    columns = [Column("answer"), Column("model"), Column("times", number=True)]
    return table(columns, rows, caption="What the model mixes up") + message.first_of(len(confusions), _SHOWN)


def _agreement(agreement: Agreement, spec: ProjectSpec, texts: Sequence[str]) -> str:
    parts = []
    for pair in agreement.pairs[:_SHOWN]:
        figures: dict[str, float | str] = {
            "Cohen’s kappa": "undefined" if pair.kappa is None else f"{pair.kappa:.2f}",
            "same answer": f"{100 * pair.same:.0f} % of {pair.texts:,}",
        }
        if pair.f1 is not None:
            figures["F1 of spans"] = f"{pair.f1:.2f}"
        parts.append(f'<p class="ph-note">{escape(pair.first)} and {escape(pair.second)}</p>{measures(figures)}')
        rows: list[list[Cell | Html]] = [
            [
                _opens(one.number, spec, texts),
                answer_in_words(one.first, spec, _text(one.number, spec, texts)),
                answer_in_words(one.second, spec, _text(one.number, spec, texts)),
            ]
            for one in pair.disagreements[:_SHOWN]
        ]
        if rows:
            columns = [Column("text"), Column(pair.first), Column(pair.second)]
            parts.append(table(columns, rows, caption=f"Where {pair.first} and {pair.second} disagree"))
            parts.append(message.first_of(len(pair.disagreements), _SHOWN))
    parts.append(message.first_of(len(agreement.pairs), _SHOWN))
    return "".join(parts) or message.note("Nobody has labelled a text that somebody else has.")


def _text(number: int, spec: ProjectSpec, texts: Sequence[str]) -> str:
    """A text, or both texts of a pair."""
    if spec.kind is ProjectKind.PAIRS:
        return " / ".join(shorten(texts[one], _LENGTH // 2) for one in pair_of(number))
    return texts[number]


def _opens(number: int, spec: ProjectSpec, texts: Sequence[str]) -> Html:
    text = _text(number, spec, texts)
    return Html(
        f'<button type="button" class="ph-run-name" data-text="{number}" title="{attribute(shorten(text, 400))}">'
        f"{escape(shorten(text, _LENGTH))}</button>"
    )


def _part(title: str, content: str) -> str:
    return f"<details open><summary>{escape(title)}</summary>{content}</details>"


def _interval(score: Estimate) -> str:
    return f"{score.value:.2f} ({score.low:.2f}–{score.high:.2f})"


def _band(made: go.Figure, answers: Sequence[int], scores: Sequence[Estimate], colour: str) -> None:
    made.add_scatter(
        x=[*answers, *reversed(answers)],
        y=[*(score.high for score in scores), *(score.low for score in reversed(scores))],
        mode="lines",
        fill="toself",
        fillcolor=colour,
        line={"width": 0, "color": NEUTRAL},
        hoverinfo="skip",
        showlegend=False,
    )
