"""Precision, recall and F1 of every label of a task, from its metrics."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.runs.run_summary import best_metrics
from demo.views.tables import Cell, Column, Html, table
from mtl.runs import Event

_NAMES = ("precision", "recall", "f1")


def label_tables(events: Sequence[Event]) -> str:
    """A table for each multi-label task of a run, at its best checkpoint."""
    metrics = best_metrics(events)
    tasks = [key.split("/")[1] for key in metrics if key.endswith("/micro_f1") and key.count("/") == 2]
    return "".join(
        f'<div data-labels-of="{escape(task)}">{label_table(_of(metrics, task), title=task)}</div>' for task in tasks
    )


def label_table(metrics: Mapping[str, float], *, title: str) -> str:
    """A row for each label that has a `f1/<label>`; empty if there is none."""
    labels = [name.removeprefix("f1/") for name in metrics if name.startswith("f1/")]
    rows: list[list[Cell | Html]] = [[label, *(metrics.get(f"{name}/{label}") for name in _NAMES)] for label in labels]
    columns = [Column(f"label of {title}"), *(Column(name, number=True) for name in ("precision", "recall", "F1"))]
    return table(columns, rows, caption=f"Metrics of every label of {title}") if rows else ""


def _of(metrics: Mapping[str, float], task: str) -> dict[str, float]:
    prefix = f"eval/{task}/"
    return {key.removeprefix(prefix): value for key, value in metrics.items() if key.startswith(prefix)}
