"""The table of a comparison of strategies."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from demo.views import message
from demo.views.tables import Cell, Column, Html, table
from demo.views.training.curves import main_metric_key
from demo.views.training.format import duration, megabytes, millions
from demo.views.training.label_table import label_table
from demo.views.training.run_card import STATE_NAMES
from mtl.comparing import sharing, strategy_titles
from mtl.json_text import parse_json
from mtl.runs import Status


def comparison_table(path: Path) -> str:
    """A row for each strategy with main metrics, drift, time, memory, parameters and size; best metrics are bold.

    Where backbones differ, it tells how long each takes to load and how many texts it encodes in a second. The
    parameters of the whole model are told where they differ.
    """
    try:
        rows: list[dict[str, Any]] = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return message.note("The table appears when the last strategy has finished. The curves are below.")
    keys = _keys(rows)
    best = {key: _best(key, [row["metrics"][key]["mean"] for row in rows if key in row["metrics"]]) for key in keys}
    sizes = [row.get("total_parameters") for row in rows]
    tells_size, tells_speed = len(set(sizes)) > 1, any(row.get("speed") for row in rows)
    body: list[list[Cell | Html]] = []
    seeds = {row["strategy"]: row.get("seeds", 1) for row in rows}
    named = strategy_titles(seeds)
    for row in rows:
        cells: list[Cell | Html] = [named[row["strategy"]]]
        for key in keys:
            spread = row["metrics"].get(key)
            cells.append(None if spread is None else _shown(spread["mean"], is_best=spread["mean"] == best[key]))
        cells += [duration(row["seconds"]["mean"]), f"{row['memory_bytes'] / 1e6:,.0f} MB"]
        if tells_speed:
            cells += _speed(row.get("speed"))
        cells.append(millions(row["trained_parameters"]))
        if tells_size:
            cells.append(None if row.get("total_parameters") is None else millions(row["total_parameters"]))
        cells.append(megabytes(row["checkpoint_bytes"]))
        body.append(cells)
    titles = [key.removeprefix("eval/").replace("/", " ").replace("_", " ") for key in keys]
    columns = [Column("strategy"), *(Column(title, number=True) for title in titles)]
    speeds = ("load", "texts a second") if tells_speed else ()
    last = (*speeds, "trains", *(("parameters",) if tells_size else ()), "checkpoint")
    columns += [Column(title, number=True) for title in ("time", "memory", *last)]
    told = sharing({row["strategy"]: {key: one["mean"] for key, one in row["metrics"].items()} for row in rows}, seeds)
    notes = "".join(message.note(str(one)) for one in told)
    return table(columns, body, caption="Strategies compared") + notes


def comparison_card(status: Status) -> str:
    """The number of finished strategies, and an error message."""
    told = f'<p class="ph-problem">{escape(status.message)}</p>' if status.message else ""
    share = 100 * status.step / max(1, status.total_steps)
    return (
        f'<section class="ph-run ph-{status.state}" data-state="{status.state}"><h2>{STATE_NAMES[status.state]}</h2>'
        f'<div class="ph-progress" role="progressbar" aria-label="Progress" aria-valuenow="{share:.0f}" '
        f'aria-valuemin="0" aria-valuemax="100"><i style="width:{share:.1f}%"></i></div>'
        f'<p class="ph-sizes">{status.step} of {status.total_steps} strategies done</p>{told}</section>'
    )


def measured_table(metrics: Mapping[str, float]) -> str:
    """The metrics of a file; those of labels in a table of their own if the task is multi-label."""
    names = sorted(metrics, key=lambda name: "/" in name)
    of_labels = label_table(metrics, title="the file") if "micro_f1" in metrics else ""
    names = [name for name in names if not of_labels or "/" not in name]
    rows: list[list[Cell | Html]] = [[name.replace("_", " "), f"{metrics[name]:.4f}"] for name in names]
    return table([Column("metric"), Column("value", number=True)], rows, caption="Results on the file") + of_labels


def _keys(rows: Sequence[dict[str, Any]]) -> list[str]:
    found = dict.fromkeys(key for row in rows for key in row["metrics"])
    tasks = dict.fromkeys(key.split("/")[1] for key in found)
    main = [key for task in tasks if (key := main_metric_key(dict.fromkeys(found, 0.0), task))]
    drift = ["eval/embedding/drift"] if "eval/embedding/drift" in found else []
    return [*main, *drift]


def _best(key: str, values: Sequence[float]) -> float:
    return min(values) if key.endswith("drift") else max(values)


def _speed(speed: Mapping[str, float] | None) -> tuple[str | None, str | None]:
    return (None, None) if speed is None else (f"{speed['load_seconds']:.1f} s", f"{speed['texts_per_second']:,.0f}")


def _shown(value: float, *, is_best: bool) -> Html:
    return Html(f"<strong>{value:.3f}</strong>" if is_best else f"{value:.3f}")
