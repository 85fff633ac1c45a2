"""The table of selected sentences."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from demo.answers.embedded import Embedded
from demo.answers.passes import label_colours
from demo.views import message
from demo.views.answers.classes import tag
from demo.views.tables import Cell, Column, Html, table

SHOWN = 200
"""The most rows of the table."""
NOTHING_SELECTED = "Draw a lasso around points, or press Space on a point, to list them here."


def selection_table(embedded: Embedded, rows: Sequence[int]) -> str:
    """Number, sentence, label and predictions of the selected sentences, and the most frequent values."""
    if not rows:
        return message.empty(NOTHING_SELECTED)
    colours = label_colours(embedded.tasks)
    columns = [Column("no.", number=True), Column("sentence")]
    columns += [Column("label")] if embedded.labels else []
    columns += [Column(task) for task in embedded.predicted]
    body: list[list[Cell | Html]] = []
    for row in rows[:SHOWN]:
        cells: list[Cell | Html] = [row + 1, Html(f'<span class="ph-clip">{escape(embedded.texts[row])}</span>')]
        cells += [embedded.labels[row]] if embedded.labels else []
        cells += [Html(tag(answers[row], colours)) for answers in embedded.predicted.values()]
        body.append(cells)
    cut = f", the first {SHOWN} are listed" if len(rows) > SHOWN else ""
    return message.note(f"{len(rows):,} selected{cut}. {_most(embedded, rows)}") + table(
        columns, body, caption="Selected sentences"
    )


def _most(embedded: Embedded, rows: Sequence[int]) -> str:
    known = {"label": embedded.labels} if embedded.labels else {}
    parts = []
    for name, answers in {**known, **embedded.predicted}.items():
        answer, count = Counter(answers[row] for row in rows).most_common(1)[0]
        parts.append(f"{name}: {answer} {100 * count / len(rows):.0f} %")
    return " · ".join(parts)
