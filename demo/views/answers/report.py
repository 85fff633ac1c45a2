"""Evaluation of predictions: metrics and a confusion matrix."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from demo.palette import BLUE
from demo.views.tables import Cell, Column, Html, table

_LABELS = 20
_OTHER = "other"


def measures(values: Mapping[str, float | str]) -> str:
    """Metrics in a row; numbers with three decimals."""
    parts = (
        f"<span><bdi>{escape(name)}</bdi><b>{value if isinstance(value, str) else f'{value:.3f}'}</b></span>"
        for name, value in values.items()
    )
    return f'<div class="ph-measures">{"".join(parts)}</div>'


def per_label(metrics: Mapping[str, float], support: Mapping[str, int]) -> str:
    """Precision, recall, F1 and number of cases of every label, from `precision/<label>` and so on."""
    rows: list[list[Cell | Html]] = [
        [label, *(metrics.get(f"{name}/{label}", 0.0) for name in ("precision", "recall", "f1")), support.get(label, 0)]
        for label in sorted(support, key=lambda label: -support[label])
    ]
    columns = [Column("label"), *(Column(name, number=True) for name in ("precision", "recall", "F1", "cases"))]
    return table(columns, rows, caption="Metrics of every label")


def confusion(gold: Sequence[str], predicted: Sequence[str]) -> str:
    """A matrix with a row for each gold label and a column for each predicted label, shaded by the share of the row."""
    ranked = [label for label, _ in Counter([*gold, *predicted]).most_common()]
    kept = ranked if len(ranked) <= _LABELS else ranked[: _LABELS - 1]
    names = kept if len(kept) == len(ranked) else [*kept, _OTHER]
    place = {label: i for i, label in enumerate(kept)}
    pairs = Counter((place.get(g, len(kept)), place.get(p, len(kept))) for g, p in zip(gold, predicted, strict=True))
    totals = [sum(pairs[row, column] for column in range(len(names))) for row in range(len(names))]
    head = "".join(f'<th scope="col" class="ph-number" title="{escape(name)}">{escape(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(_square(pairs[row, column], totals[row], right=row == column) for column in range(len(names)))
        + "</tr>"
        for row, name in enumerate(names)
    )
    return (
        '<div class="ph-table ph-confusion" tabindex="0" role="region" aria-label="Confusion matrix"><table>'
        f'<thead><tr><th scope="col">gold \\ predicted</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _square(count: int, total: int, *, right: bool) -> str:
    share = 100 * count / total if total else 0.0
    mark = ' data-right="yes"' if right else ""
    shade = f' style="background:color-mix(in srgb, {BLUE} {0.6 * share:.0f}%, transparent)"' if count else ""
    return f'<td{mark}{shade} title="{share:.0f} % of the row">{count:,}</td>'
